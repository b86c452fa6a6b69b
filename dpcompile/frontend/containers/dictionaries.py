"""The primitives of ``numba.typed.Dict``.

Requires: nothing that Numba's C implementation has made: a dictionary has a structure of its own here.
Ensures:  what the C functions do, order of insertion and statuses included. In words: count, entries in use, entries
          allocated, slots, bytes of a key and of a value, then pointers to hashes, keys, values, slots, and to whether each
          entry is there. The runtime's ``containers.ll`` iterates over it.
Algorithm: open addressing into dense arrays of entries (as CPython's ``Objects/dictobject.c``), with linear probing.
"""
from __future__ import annotations

from numba import njit
from numba.core import types
from numba.typed import dictobject
from numba.typed.dictobject import DKIX, Status

from . import memory
from .memory import head, load_item, load_pointer, load_word, store_item, store_pointer, store_word

COUNT, USED, ALLOCATED, SLOTS, KEY_SIZE, VALUE_SIZE, HASHES, KEYS, VALUES, PLACES, PRESENT = range(11)
WORDS = 11
FEWEST = 8
FREE, REMOVED = int(DKIX.EMPTY), int(DKIX.EMPTY) - 1
DONE, REPLACED, EMPTY = int(Status.OK), int(Status.OK_REPLACED), int(Status.ERR_DICT_EMPTY)


@njit
def new(keys_expected, key, value):
    block = memory.allocate(WORDS, types.int64)
    store_word(block, KEY_SIZE, memory.item_size(key))
    store_word(block, VALUE_SIZE, memory.item_size(value))
    make_room(block, max(FEWEST, keys_expected), key, value)
    return block


@njit
def make_room(block, allocated, key, value):
    """Memory for so many entries, none of them used."""
    slots = 2 * FEWEST
    while slots < 2 * allocated:
        slots *= 2
    store_word(block, COUNT, 0)
    store_word(block, USED, 0)
    store_word(block, ALLOCATED, allocated)
    store_word(block, SLOTS, slots)
    places = memory.allocate(slots, types.int64)
    for slot in range(slots):
        store_word(places, slot, FREE)
    store_pointer(block, PLACES, places)
    store_pointer(block, HASHES, memory.allocate(allocated, types.int64))
    store_pointer(block, PRESENT, memory.allocate(allocated, types.int64))
    store_pointer(block, KEYS, memory.allocate(allocated, key))
    store_pointer(block, VALUES, memory.allocate(allocated, value))


@njit
def count_references(block, key, value):
    """Nothing does: memory lives in an arena."""


@njit
def length(table):
    return load_word(head(table), COUNT)


@njit
def entry_of(table, key, hashed):
    """The entry of a key, or ``FREE``."""
    block = head(table)
    places, mask = load_pointer(block, PLACES), load_word(block, SLOTS) - 1
    hashes, keys = load_pointer(block, HASHES), load_pointer(block, KEYS)
    slot = hashed & mask
    while True:
        entry = load_word(places, slot)
        if entry == FREE:
            return FREE
        if entry >= 0 and load_word(hashes, entry) == hashed and load_item(keys, entry, memory.key_type(table)) == key:
            return entry
        slot = (slot + 1) & mask


@njit
def lookup(table, key, hashed):
    entry = entry_of(table, key, hashed)
    if entry == FREE:
        return entry, None
    return entry, load_item(load_pointer(head(table), VALUES), entry, memory.value_type(table))


@njit
def insert(table, key, hashed, value):
    block, entry = head(table), entry_of(table, key, hashed)
    if entry != FREE:
        store_item(load_pointer(block, VALUES), entry, value)
        return REPLACED
    if load_word(block, USED) == load_word(block, ALLOCATED):
        rebuild(table, block)
    add(block, key, hashed, value)
    return DONE


@njit
def add(block, key, hashed, value):
    """A key that is not there, where there is room for it."""
    entry = load_word(block, USED)
    places, mask = load_pointer(block, PLACES), load_word(block, SLOTS) - 1
    slot = hashed & mask
    while load_word(places, slot) >= 0:
        slot = (slot + 1) & mask
    store_word(places, slot, entry)
    store_word(load_pointer(block, HASHES), entry, hashed)
    store_word(load_pointer(block, PRESENT), entry, 1)
    store_item(load_pointer(block, KEYS), entry, key)
    store_item(load_pointer(block, VALUES), entry, value)
    store_word(block, USED, entry + 1)
    store_word(block, COUNT, load_word(block, COUNT) + 1)


@njit
def rebuild(table, block):
    """The entries that are there, in other memory that has room for as many again."""
    key, value = memory.key_type(table), memory.value_type(table)
    used, present, hashes = load_word(block, USED), load_pointer(block, PRESENT), load_pointer(block, HASHES)
    keys, values = load_pointer(block, KEYS), load_pointer(block, VALUES)
    make_room(block, 2 * load_word(block, COUNT) + FEWEST, key, value)
    for entry in range(used):
        if load_word(present, entry):
            add(block, load_item(keys, entry, key), load_word(hashes, entry), load_item(values, entry, value))


@njit
def delete_item(table, hashed, entry):
    block = head(table)
    places, mask = load_pointer(block, PLACES), load_word(block, SLOTS) - 1
    slot = hashed & mask
    while load_word(places, slot) != entry:
        slot = (slot + 1) & mask
    store_word(places, slot, REMOVED)
    store_word(load_pointer(block, PRESENT), entry, 0)
    store_word(block, COUNT, load_word(block, COUNT) - 1)
    return DONE


@njit
def pop_item(table):
    """Takes the entry away that was inserted last."""
    block = head(table)
    if load_word(block, COUNT) == 0:
        return EMPTY, None
    entry = load_word(block, USED) - 1
    while not load_word(load_pointer(block, PRESENT), entry):
        entry -= 1
    pair = (load_item(load_pointer(block, KEYS), entry, memory.key_type(table)),
            load_item(load_pointer(block, VALUES), entry, memory.value_type(table)))
    delete_item(table, load_word(load_pointer(block, HASHES), entry), entry)
    store_word(block, USED, entry)
    return DONE, pair


SUBSTITUTES = {
    dictobject._dict_new_sized: new, dictobject._dict_set_method_table: count_references, dictobject._dict_length: length,
    dictobject._dict_lookup: lookup, dictobject._dict_insert: insert, dictobject._dict_delitem: delete_item,
    dictobject._dict_popitem: pop_item,
}
