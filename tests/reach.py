"""What a function of the rooms may raise, read from their text: calls are followed by name.

A call is followed where its target is certain: a function, a class, a method of a value whose type
is written down, or one whose name no other class below has. Callbacks are not followed.
"""

import ast
import importlib
import inspect
from collections import defaultdict
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import get_type_hints

from tortoise.models import Model
from tortoise.queryset import QuerySet

from resolvers.context import Context

ROOT = Path(__file__).parent.parent
FLOORS = {"db": 0, "auth": 1, "engine": 1, "providers": 1, "control": 2, "resolvers": 3}
UNREAD = {"engine.executors.container"}  # needs its own packages

# What values of other libraries have too.
FOREIGN = {name for kind in (Model, QuerySet, dict, list, str, bytes) for name in dir(kind)}


class Function:
    """A function or method, where it stands and what its names mean."""

    def __init__(self, name, node, module, kind):
        self.name = name
        self.node = node
        self.module = module
        self.kind = kind
        self.room = name.partition(".")[0]

    def below(self, other):
        """Tell whether *other* can know it: it is of the same room, or of one below."""
        return self.room == other.room or FLOORS[self.room] < FLOORS[other.room]

    def value(self, expression):
        """Return what a name of the module, dotted or not, stands for; None if unknown."""
        match expression:
            case ast.Name(id=name):
                return getattr(self.module, name, None)
            case ast.Attribute(value=owner, attr=name):
                found = self.value(owner)
                known = inspect.ismodule(found) or inspect.isclass(found)
                return getattr(found, name, None) if known else None
        return None

    @cached_property
    def types(self):
        """Return the classes of its arguments, and of what is made in it."""
        found = {}
        given = self.node.args
        for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            if each.annotation is not None:
                found[each.arg] = self.value(_plain(each.annotation))
        if self.kind and given.args:
            found[given.args[0].arg] = self.kind
        for node in ast.walk(self.node):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=made)):
                    found.setdefault(name, self.value(made))
        return {name: kind for name, kind in found.items() if inspect.isclass(kind)}

    def type_of(self, expression):
        """Return the class of a value; None if that is not written down."""
        match expression:
            case ast.Name(id=name):
                return self.types.get(name)
            case ast.Attribute(attr="context", value=ast.Name(id="info")):
                return Context
            case ast.Attribute(value=owner, attr=name):
                kind = self.type_of(owner)
                hints = {}
                with suppress(Exception):
                    hints = get_type_hints(kind)
                return hints.get(name)
            case ast.Call(func=made):
                kind = self.value(made)
                return kind if inspect.isclass(kind) else None
        return None


class Rooms:
    """All functions of the rooms, and what each may raise."""

    def __init__(self):
        self.functions = {}
        self._methods = defaultdict(list)
        self._known = {}
        for room in FLOORS:
            for path in sorted((ROOT / room).rglob("*.py")):
                parts = path.relative_to(ROOT).with_suffix("").parts
                name = ".".join(parts).removesuffix(".__init__")
                if "migrations" not in parts and name not in UNREAD:
                    self._read(importlib.import_module(name), ast.parse(path.read_text()))

    def _read(self, module, tree):
        for node in tree.body:
            self._add(module, node, None)
            if isinstance(node, ast.ClassDef):
                for each in node.body:
                    self._add(module, each, getattr(module, node.name))

    def _add(self, module, node, kind):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            owner = f"{module.__name__}.{kind.__name__}" if kind else module.__name__
            function = Function(f"{owner}.{node.name}", node, module, kind)
            self.functions[function.name] = function
            if kind:
                self._methods[node.name].append(function)

    def raises(self, name, above=()):
        """Return what a function may raise: each class, and by which calls."""
        if name in self._known:
            return self._known[name]
        found = {}
        if name not in above:
            function = self.functions[name]
            for node in function.node.body:
                self._walk(function, node, (), found, (*above, name))
        if not above:
            self._known[name] = found
        return found

    def _walk(self, function, node, caught, found, path):
        match node:
            case ast.Try(body=body, handlers=handlers):
                inner = (*caught, *_caught(function, handlers))
                for each in ast.iter_child_nodes(node):
                    self._walk(function, each, inner if each in body else caught, found, path)
                return
            case ast.With(items=items, body=body) if suppressed := _suppressed(function, items):
                for each in body:
                    self._walk(function, each, (*caught, *suppressed), found, path)
                return
        for kind, way in self._raised(function, node, path):
            if not issubclass(kind, caught):
                found.setdefault(kind, (function.name, *way))
        for each in ast.iter_child_nodes(node):
            self._walk(function, each, caught, found, path)

    def _raised(self, function, node, path):
        match node:
            case ast.Raise(exc=raised) if raised is not None:
                kind = function.value(raised.func if isinstance(raised, ast.Call) else raised)
                if inspect.isclass(kind):
                    yield kind, ()
            case ast.Call(func=called):
                for target in self._targets(function, called):
                    yield from self.raises(target, path).items()

    def _targets(self, function, called):
        made = function.value(called)
        if inspect.isclass(made):
            names = [f"{full(made)}.{each}" for each in ("__init__", "__post_init__")]
        elif callable(made):
            names = [full(inspect.unwrap(made))]
        elif isinstance(called, ast.Attribute):
            kind = function.type_of(called.value)
            if inspect.isclass(kind):
                names = [f"{full(each)}.{called.attr}" for each in kind.__mro__]
            else:
                known = [] if called.attr in FOREIGN else self._methods[called.attr]
                below = [each.name for each in known if each.below(function)]
                names = below if len(below) == 1 else []
        else:
            names = []
        return [each for each in names if each in self.functions][:2]


def full(thing):
    """Return a function's or class's whole name."""
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"


def _plain(annotation):
    """Return the class of an annotation without what stands around it."""
    match annotation:
        case ast.Subscript(slice=ast.Tuple(elts=[first, *_])):
            return _plain(first)
        case ast.Subscript(slice=inner):
            return _plain(inner)
        case ast.BinOp(left=left):
            return _plain(left)
    return annotation


def _classes(function, expression):
    parts = expression.elts if isinstance(expression, ast.Tuple) else [expression]
    return [kind for kind in map(function.value, parts) if inspect.isclass(kind)]


def _caught(function, handlers):
    for handler in handlers:
        again = any(isinstance(each, ast.Raise) and not each.exc for each in ast.walk(handler))
        if handler.type is not None and not again:
            yield from _classes(function, handler.type)


def _suppressed(function, items):
    return [
        kind
        for item in items
        if isinstance(item.context_expr, ast.Call)
        and function.value(item.context_expr.func) is suppress
        for argument in item.context_expr.args
        for kind in _classes(function, argument)
    ]
