"""The entry and all functions that it calls without inlining (recursion, above all), analysed together.

Requires: a module as ``pipeline`` reads it.
Ensures:  each such function has one version for differentiation, prepared and analysed, whose parameters are active or
          have shadows if that is so at any of its call sites; what may overlap at one of them is one object.  Functions of
          rules, and those that they call, have versions apart: they are analysed, and carry no derivative.
Algorithm: fixed point over call sites, context-insensitive.
"""
from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from functools import partial

from ..analysis import activity as activities
from ..analysis import alias, cfg, compared, linear, loops, oblivious, punning
from ..analysis.activity import ACTIVE, CONSTANT, DUPLICATED
from ..analysis.alias import Aliasing
from ..analysis.call_kinds import is_by_pointer, is_draw, is_opaque, never_twice, rule_of
from ..analysis.objects import UNKNOWN, Objects
from ..analysis.parameters import Parameters
from ..errors import PassError, UnsupportedIR
from ..ir.call_rule import MADE_BY_AUGMENTED, CallRule
from ..ir.clone import clone_function
from ..ir.model import Argument, Function, Instruction, Module, Value, is_float
from ..ir.types import I32, PTR, VOID, Type
from ..ir.writer import write_function
from ..visible import check, dump
from .prepare import prepare
from .rule_checks import check_rules, stood_in_for
from .version import SCRATCH, Version


def require_status(entry: Function) -> None:
    """Refuses an entry whose result is a number: nobody could give a cotangent for it, or ask for its tangent."""
    result = entry.function_type.result
    if result not in (I32, VOID):
        raise PassError(f"{entry.ref} returns {result}: an entry returns a status or nothing, and results through memory")


class Program:
    """All versions, by the symbol of their primal."""

    def __init__(self, module: Module, entry: Function, kinds: dict[str, str], facts: dict[str, Type], name: str,
                 suffix: str, empty: Container[str] = ()):
        """``empty``: the parameters in whose memory no pointer lies that could be followed."""
        self.module = module
        self.name = name
        self.suffix = suffix
        self.versions: dict[str, Version] = {}
        #: Those of functions of rules and what these call, which may be called elsewhere with data that carry derivatives.
        self.of_rules: dict[str, Version] = {}
        #: Launches of parallel loops, each with the version that runs and what the call was given that stood there.
        self.launched: dict[Instruction, tuple[Version, list[Value]]] = {}
        self._ruled: dict[str, CallRule] = {}
        #: Names of the values that needed no gate where a loop was not yet a function of its own.
        self.ungated: frozenset[str] = frozenset()
        # Where the entry calls itself, what it calls is a version apart: it knows less of its arguments.
        self.entry = self.versions[f"entry {entry.name}"] = self._made(entry, f"{name}.{suffix}", True)
        self.entry.pointers = Parameters.of_entry(self.entry.function.arguments, empty)
        by_name = {a.name: a for a in self.entry.function.arguments}
        self.entry.kinds.update({by_name[k]: v for k, v in kinds.items()})
        self.entry.facts.update({by_name[k]: v for k, v in facts.items()})
        prepare(module, self.entry.function, self.entry.facts)
        self._solve()
        self._find_written()
        check_rules(self, self._ruled.values())
        for version in self.transformed:
            self._check_linear(version)
        self._check_types()
        for version in self.all:
            self._show(version)

    def forget(self) -> None:
        """Takes all versions out of the module again."""
        for version in self.all:
            for instruction in version.function.instructions():
                instruction.drop_operands()
            del self.module.functions[version.function.name]

    def _check_linear(self, version: Version) -> None:
        found = linear.first_nonlinear(version.warm_instructions(), version.aliasing, version.effects)
        if found is not None:
            raise UnsupportedIR("cannot differentiate a rule for tangents that is not linear in them: it is evaluated at "
                                "tangents of zero, and differentiated", self.module.location_of(found),
                                "Let it not compare tangents, nor multiply them with each other.")

    def _check_types(self) -> None:
        """What is stored by one float type is read by no other one, wherever in the program."""
        found = {version.function: punning.analyse(version.activity, version.warm_instructions(), version.facts)
                 for version in self.transformed}
        size = -1
        while size != (size := sum(types.size for types in found.values())):
            for version in self.transformed:
                for call in version.calls():
                    callee = self.version_of(call)
                    found[version.function].take_over(call, found[callee.function], callee.parameters)
                found[version.function].settle()
        for version in self.transformed:
            clash = found[version.function].clash(version.is_entry)
            if clash is not None:
                location = self.module.location_of(clash.instruction) if clash.instruction else None
                raise UnsupportedIR(str(clash), location, punning.HINT)

    def _show(self, version: Version) -> None:
        check(self.module, version.function)
        dump("prepare", lambda: write_function(version.function))
        dump("alias", partial(str, version.aliasing))
        dump("loops", partial(str, version.forest))
        if version.activity is not None:
            dump("memory_types", partial(str, version.activity.types))
            dump("activity", partial(str, version.activity))

    def is_seeded(self, version: Version) -> bool:
        """Whether a function that is not called from arms has the cotangents of its caller's results."""
        everything = not any(map(self.entry.is_written, self.entry.unseeded))
        return version.is_entry or (version.primal.fused > 0 and everything)

    @property
    def all(self) -> list[Version]:
        """Those that carry derivatives, and those of rules."""
        return [*self.versions.values(), *self.of_rules.values()]

    def named(self, symbol: str) -> Version:
        """The version of a function, that which carries derivatives where there are two."""
        return self.versions.get(symbol) or self.of_rules[symbol]

    def version_of(self, call: Instruction) -> Version:
        return self.versions[call.callee_name]

    @property
    def is_oblivious(self) -> bool:
        """Whether the entry takes the same course for all data, as long as it is not transformed."""
        return oblivious.analyse(self.entry.function, self.entry.cfg).is_oblivious

    @property
    def is_repeatable(self) -> bool:
        """Whether a second run does nothing that is seen."""
        return all(never_twice(version.warm_instructions()) is None for version in self.versions.values())

    @property
    def only_compared(self) -> tuple[Argument, ...]:
        """Parameters of the entry that it uses in comparisons and integers alone."""
        return compared.analyse(self.entry.activity, self.entry.warm_blocks()).parameters

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers from a state that all functions share."""
        return any(is_draw(i) for version in self.versions.values() for i in version.warm_instructions())

    @property
    def calls_pointers(self) -> bool:
        """Whether it calls functions by pointers, as those that a random generator brings along."""
        return any(is_by_pointer(i) for version in self.versions.values() for i in version.warm_instructions())

    @property
    def rules(self) -> list[CallRule]:
        """The rules of functions that are still there: in the names that they have in the derivative, and in their own
        where the code of a rule calls them."""
        made = {version.function.name: version.primal.rule for version in self.versions.values()}
        found = {name: function.rule or made.get(name) for name, function in self.module.functions.items()}
        return [replace(rule, symbol=name) for name, rule in found.items() if rule is not None]

    def _made(self, primal: Function, symbol: str, is_entry: bool) -> Version:
        clone = clone_function(self.module, primal, symbol, [])
        return Version(primal, clone, {}, {}, is_entry, Parameters.of_callee(clone.arguments))

    @property
    def transformed(self) -> list[Version]:
        """The versions that the derivative is made of: where what a function with a rule gives is active, its rule's functions
        stand in for it."""
        found, pending = [], [self.entry]
        while pending:
            version = pending.pop()
            if version not in found:
                found.append(version)
                called = [*version.calls(), *(c for c in version.ruled_calls() if not version.activity.active_call(c))]
                pending += [self.versions[call.callee_name] for call in called if call.callee_name in self.versions]
        return found

    def _callee(self, name: str, among: dict[str, Version]) -> Version:
        if name not in among:
            suffix = self.suffix if among is self.versions else "analysed"
            version = among[name] = self._made(self.module.functions[name], f"{self.name}.{name}.{suffix}", False)
            if version.primal.checkpointed or version.primal.parallel or version.primal.fused:
                # It was cut out of the entry (``outline``, ``chunks``, ``fused_loops``), whose arguments it is given under
                # their own names.
                facts = {argument.name: type_ for argument, type_ in self.entry.facts.items()}
                version.facts.update({a: facts[a.name] for a in version.function.arguments if a.name in facts})
            prepare(self.module, version.function, version.facts)
        return among[name]

    def _take_in(self, rule: CallRule, among: dict[str, Version]) -> bool:
        """The function of a rule, and the others that it names where it has to be found out what they do; whether they are
        new."""
        known = len(self.versions) + len(self.of_rules)
        for name in rule.functions[:1 if rule.vouched else None]:
            version = self._callee(name, among if name == rule.symbol else self.of_rules)
            version.pointers = Parameters.of_entry(version.function.arguments)
        return known != len(self.versions) + len(self.of_rules)

    def _solve(self) -> None:
        changed = True
        while changed:
            changed = False
            for version in list(self.versions.values()):
                changed |= self._analyse(version, self.versions) | self._analyse_activity(version)
                changed |= self._follow(version, self.versions)
            for version in list(self.of_rules.values()):
                changed |= self._analyse(version, self.of_rules) | self._follow(version, self.of_rules)

    def _follow(self, version: Version, among: dict[str, Version]) -> bool:
        """Whether it calls what was not known, or with arguments of which more was not known."""
        known, changed = len(among), False
        for call in version.calls():
            changed |= self._merge_site(version, call, self._callee(call.callee_name, among))
        for call in version.ruled_calls():
            rule = rule_of(call)
            assert rule is not None
            self._ruled[rule.symbol] = rule
            changed |= self._take_in(rule, among)
        for call in version.stand_ins():
            changed |= self._take_in(stood_in_for(call, self.module), among)
        return changed or known != len(among)

    def _find_written(self) -> None:
        """The parameters through which each version writes, from none up to all that are found to be."""
        for among in (self.versions, self.of_rules):
            for version in among.values():
                version.effects = partial(self._effects, among)
        changed = True
        while changed:
            changed = any([self._find_written_by(version) for version in self.all])

    @staticmethod
    def _find_written_by(version: Version) -> bool:
        known = len(version.written), version.writes_elsewhere
        writers = version.overwrites().writers
        version.writes_elsewhere = any(_knows_more(writer, version.aliasing) for writer in writers.get(UNKNOWN, ()))
        version.written |= {place for place in version.pointers.places()
                            if version.writes_elsewhere or version.pointers.object_of(place) in writers}
        return known != (len(version.written), version.writes_elsewhere)

    @staticmethod
    def _called(among: dict[str, Version], call: Instruction) -> Version | None:
        """A version is called by its own name once the call has been rewritten, and is given more then."""
        return next((v for v in among.values() if call.callee in (v.primal, v.function) and not v.is_entry), None)

    def _effects(self, among: dict[str, Version], call: Instruction, aliasing: Aliasing) -> Objects | None:
        if any(rule.augmented == call.callee_name for rule in self._ruled.values()):
            return frozenset().union(*map(aliasing.objects_of, call.arguments[:MADE_BY_AUGMENTED]))
        version, arguments = self.launched.get(call) or (self._called(among, call), call.arguments)
        if version is None:
            return None
        if version.writes_elsewhere:
            return frozenset({UNKNOWN}) if call in self.launched else None
        found: Objects = frozenset()
        for place in version.written:
            objects = aliasing.objects_of(arguments[version.parameters.index(place.argument)])
            found |= aliasing.behind(objects) if place.behind else objects
        return found

    def _aliasing_of(self, among: dict[str, Version], call: Instruction) -> Aliasing | None:
        version = self._called(among, call)
        return version.aliasing if version else None

    def _analyse(self, version: Version, among: dict[str, Version]) -> bool:
        """Whether callers learn something new of what it stores where."""
        if version.cfg is None:
            version.cfg = cfg.analyse(version.function)
            version.forest = loops.analyse(version.function, version.cfg)
        known = version.aliasing
        version.aliasing = alias.analyse(version.function, self.module.globals, version.pointers,
                                         [a for a, type_ in version.facts.items() if type_ != PTR],
                                         partial(self._aliasing_of, among))
        return known is None or (known.held, known.returned) != (version.aliasing.held, version.aliasing.returned)

    def _analyse_activity(self, version: Version) -> bool:
        """Whether active data flows through a constant pointer: it needs a shadow all the same."""
        version.activity = activities.analyse(self.module, version.function, version.aliasing, version.kinds,
                                              version.cfg.cold, version.facts, self._wants_shadow)
        found = [a for a in version.parameters if a.type == PTR and version.kinds.get(a, CONSTANT) == CONSTANT
                 and version.activity.has_shadow(a)]
        version.kinds.update(dict.fromkeys(found, SCRATCH if version.is_entry else DUPLICATED))
        return bool(found)

    def _wants_shadow(self, call: Instruction) -> list[Value]:
        version = self.versions.get(call.callee_name)
        if version is None:
            return []
        return [a for a, p in zip(call.arguments, version.parameters, strict=True) if p in version.with_shadow]

    def _merge_site(self, caller: Version, call: Instruction, callee: Version) -> bool:
        changed = False
        for argument, parameter in zip(call.arguments, callee.parameters, strict=True):
            kind = self._kind(caller, argument)
            if kind != CONSTANT and callee.kinds.get(parameter, CONSTANT) == CONSTANT:
                callee.kinds[parameter] = kind
                changed = True
        found = {}
        for argument, parameter in zip(call.arguments, callee.parameters, strict=True):
            if argument.type == PTR:
                objects = caller.aliasing.objects_of(argument)
                found[parameter] = objects, caller.aliasing.behind(objects)
        return callee.pointers.take_in(found) or changed

    def _kind(self, caller: Version, argument: Value) -> str:
        if caller.activity is None:
            return CONSTANT
        if is_float(argument) and caller.activity.active(argument):
            return ACTIVE
        return DUPLICATED if argument.type == PTR and caller.activity.has_shadow(argument) else CONSTANT


def _knows_more(writer: Instruction, aliasing: Aliasing) -> bool:
    """Whether what writes memory of unknown origin may find there more than a foreign function keeps by itself: what it was
    given before is told apart."""
    if not is_opaque(writer):
        return True
    given = aliasing.given_to(writer)
    return UNKNOWN in given or any(UNKNOWN in aliasing.from_outside(obj) for obj in aliasing.reachable(given) - {UNKNOWN})
