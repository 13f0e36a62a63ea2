import { isRecord } from "../doors/foundation.ts";
import type { Values } from "../wire/codec.ts";

/** Returns the value at a path. */
export function at(values: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => (isRecord(found) ? found[name] : undefined), values);
}

export function text(values: unknown, ...path: readonly string[]): string | undefined {
  const found = at(values, ...path);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : undefined;
}

export function whole(values: unknown, ...path: readonly string[]): number | undefined {
  const found = at(values, ...path);
  return typeof found === "number" ? found : undefined;
}

export function isOn(values: unknown, ...path: readonly string[]): boolean {
  return at(values, ...path) === true;
}

export function group(values: unknown, ...path: readonly string[]): Values {
  const found = at(values, ...path);
  return isRecord(found) ? found : {};
}

export function list(values: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(values, ...path);
  return Array.isArray(found) ? found : [];
}

export function groups(values: unknown, ...path: readonly string[]): readonly Values[] {
  return list(values, ...path).filter(isRecord);
}

/** Sets the value at a path; `undefined` removes it. */
export function put(values: Values, [name = "", ...rest]: readonly string[], value: unknown): Values {
  const inner = rest.length === 0 ? value : put(group(values, name), rest, value);
  return Object.fromEntries(Object.entries({ ...values, [name]: inner }).filter(([, each]) => each !== undefined));
}

/** Merges the given values into others. Replaces lists as a whole. */
export function merge(before: Values, given: Values): Values {
  const merged = Object.entries(given).map(([name, value]) => {
    const old = before[name];
    return [name, isRecord(value) && isRecord(old) ? merge(old, value) : (value ?? old)] as const;
  });
  return { ...before, ...Object.fromEntries(merged) };
}
