/** A node of the syntax tree, as far as it is looked at. */
interface Node {
  readonly type: string;
  readonly test?: Node | null;
  readonly key?: Node;
  readonly callee?: Node;
  readonly name?: string;
  readonly argument?: Node | null;
  readonly expression?: Node;
  readonly consequent?: unknown;
}

/** What no test can reach or see: the end of a complete `switch`, and whether a schema stops at its first issue. */
export function isUnreachable(node: Node): boolean {
  if (node.type === "ObjectProperty") return node.key?.name === "abortEarly";
  if (node.type !== "SwitchCase" || node.test !== null || !Array.isArray(node.consequent)) return false;
  const [last] = node.consequent.slice(-1) as readonly (Node | undefined)[];
  const call = last?.type === "ReturnStatement" ? last.argument : last?.expression;
  return call?.callee?.name === "assertNever";
}

/** As Stryker loads it. */
export const strykerPlugins = [
  {
    kind: "Ignore",
    name: "unreachable",
    value: {
      shouldIgnore: ({ node }: { readonly node: Node }) => (isUnreachable(node) ? "nothing can reach it" : undefined),
    },
  },
];
