import type { Tree, Value } from "./schema.ts";

type Path = readonly string[];

/** The group at that element, empty if there is none. */
export function group(tree: Tree, ...path: Path): Tree {
  const found = at(tree, ...path);
  return typeof found === "object" && !Array.isArray(found) ? (found as Tree) : {};
}

export function at(tree: Tree, ...path: Path): Value | undefined {
  return path.reduce<Value | undefined>(
    (value, name) => (typeof value === "object" && !Array.isArray(value) ? (value as Tree)[name] : undefined),
    tree,
  );
}

/** One element or many, as a list. */
export function list(tree: Tree, ...path: Path): readonly Value[] {
  const found = at(tree, ...path);
  return found === undefined ? [] : Array.isArray(found) ? found : [found as Value];
}

export function groups(tree: Tree, ...path: Path): readonly Tree[] {
  return list(tree, ...path) as readonly Tree[];
}

export function text(tree: Tree, ...path: Path): string | undefined {
  const found = at(tree, ...path);
  return found === undefined || typeof found === "object" ? undefined : String(found);
}

export function whole(tree: Tree, ...path: Path): number | undefined {
  const found = at(tree, ...path);
  return found === undefined ? undefined : Number(found);
}

/** A copy with this value there. */
export function put(tree: Tree, [name = "", ...rest]: Path, value: Value | undefined): Tree {
  return { ...tree, [name]: rest.length === 0 ? value : put(group(tree, name), rest, value) };
}

export function without(tree: Tree, path: Path): Tree {
  return at(tree, ...path) === undefined ? tree : put(tree, path, undefined);
}

/** The second tree over the first, group by group; lists are replaced. */
export function merge(base: Tree, over: Tree): Tree {
  const merged: Record<string, Value | undefined> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const isGroup = typeof value === "object" && !Array.isArray(value);
    merged[name] = isGroup ? merge(group(base, name), value as Tree) : value;
  }
  return merged;
}
