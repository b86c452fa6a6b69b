"""The primitives of ``numba.typed.List``.

Requires: the structure of Numba's C implementation (``cext/listobject.h``): in words, count, bytes of an item, allocated
          items, whether it is mutable, two functions that count references, and the pointer to the items.
Ensures:  what the C functions do, statuses included; growth by the same increments.
"""
from __future__ import annotations

from numba import njit
from numba.core import types
from numba.typed import listobject
from numba.typed.listobject import ListStatus

from . import memory
from .memory import head, load_item, load_pointer, load_word, store_item, store_pointer, store_word

COUNT, ITEM_SIZE, ALLOCATED, IS_MUTABLE, _METHODS, _, ITEMS = range(7)
WORDS = 7
DONE, IMMUTABLE, OUT_OF_RANGE = int(ListStatus.LIST_OK), int(ListStatus.LIST_ERR_IMMUTABLE), int(ListStatus.LIST_ERR_INDEX)


@njit
def new(item_type, allocated):
    block = memory.allocate(WORDS, types.int64)
    store_word(block, COUNT, 0)
    store_word(block, ITEM_SIZE, memory.item_size(item_type))
    store_word(block, ALLOCATED, allocated)
    store_word(block, IS_MUTABLE, 1)
    store_pointer(block, ITEMS, memory.allocate(allocated, item_type))
    return block


@njit
def count_references(block, item_type):
    """Nothing does: memory lives in an arena."""


@njit
def length(values):
    return load_word(head(values), COUNT)


@njit
def allocated_items(values):
    return load_word(head(values), ALLOCATED)


@njit
def is_mutable(values):
    return load_word(head(values), IS_MUTABLE)


@njit
def set_is_mutable(values, flag):
    store_word(head(values), IS_MUTABLE, flag)


@njit
def append(values, item):
    block = head(values)
    if not load_word(block, IS_MUTABLE):
        return IMMUTABLE
    count = load_word(block, COUNT)
    if count == load_word(block, ALLOCATED):
        grow(values, block, count + 1)
    store_item(load_pointer(block, ITEMS), count, item)
    store_word(block, COUNT, count + 1)
    return DONE


@njit
def grow(values, block, count):
    """Other memory with the same items."""
    item_type = values._dtype
    allocated = count + (count >> 3) + (3 if count < 9 else 6)
    old, new = load_pointer(block, ITEMS), memory.allocate(allocated, item_type)
    for index in range(load_word(block, COUNT)):
        store_item(new, index, load_item(old, index, item_type))
    store_pointer(block, ITEMS, new)
    store_word(block, ALLOCATED, allocated)


@njit
def set_item(values, index, item):
    block = head(values)
    if not load_word(block, IS_MUTABLE):
        return IMMUTABLE
    if index < 0 or index >= load_word(block, COUNT):
        return OUT_OF_RANGE
    store_item(load_pointer(block, ITEMS), index, item)
    return DONE


@njit
def delete_item(values, index):
    return delete_slice(values, index, index + 1, 1)


@njit
def delete_slice(values, start, stop, step):
    """What remains moves forward."""
    block, item_type = head(values), values._dtype
    if not load_word(block, IS_MUTABLE):
        return IMMUTABLE
    deleted = len(range(start, stop, step))
    if step < 0:
        start, step = start + (deleted - 1) * step, -step
    items, place = load_pointer(block, ITEMS), start
    for index in range(start, load_word(block, COUNT)):
        if index >= start + deleted * step or (index - start) % step != 0:
            store_item(items, place, load_item(items, index, item_type))
            place += 1
    store_word(block, COUNT, load_word(block, COUNT) - deleted)
    return DONE


SUBSTITUTES = {
    listobject._list_new: new, listobject._list_set_method_table: count_references, listobject._list_length: length,
    listobject._list_allocated: allocated_items, listobject._list_is_mutable: is_mutable,
    listobject._list_set_is_mutable: set_is_mutable, listobject._list_append: append, listobject._list_setitem: set_item,
    listobject._list_delitem: delete_item, listobject._list_delete_slice: delete_slice,
}
