import { Draws } from "../../simulators/draws.ts";

/** What of a folder is changed: of the functions, members and constants of its files one in so many, drawn by the seed. */
export interface Part {
  readonly oneIn: number;
  readonly seed: number;
}

/** A node of the syntax tree, as far as it is looked at. */
interface Node {
  readonly type: string;
  readonly start?: number | null;
  readonly declaration?: Node | null;
}

/** Whether it is one of those that are drawn, and was not. */
export function isLeftOut(node: Node, parent: Node | null, { oneIn, seed }: Part): boolean {
  if (parent?.type !== "Program" && parent?.type !== "ClassBody") return false;
  const declared = node.declaration ?? node;
  if (declared.type === "ClassDeclaration") return false;
  return new Draws(seed, `${node.start} ${declared.type}`).between(0, oneIn) !== 0;
}

/** Where Stryker's process finds it. */
export const partVariable = "MUTATION_PART";

/** As Stryker loads it. */
export const strykerPlugins = [
  {
    kind: "Ignore",
    name: "part",
    value: {
      shouldIgnore: ({ node, parent }: { readonly node: Node; readonly parent: Node | null }) => {
        const part = process.env[partVariable];
        return part && isLeftOut(node, parent, JSON.parse(part)) ? "it was not drawn" : undefined;
      },
    },
  },
];
