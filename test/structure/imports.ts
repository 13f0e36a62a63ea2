import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";

interface Import {
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly typeOnly: boolean;
}

/** A folder's allowed imports, and those of types only: folders, files, packages, `node:*`. */
interface Rule {
  readonly folder: string;
  readonly may: readonly string[];
  readonly mayAsType: readonly string[];
}

/** Reads the table of docs/architecture.md. */
export function importRules(page: string): readonly Rule[] {
  const [, table = ""] = page.split("| folder | may import | and types of |");
  const names = (cell: string) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
  return Array.from(
    table.matchAll(/^\| `([\w./-]+)` \| (.*) \| (.*) \|$/gm),
    ([, folder = "", may = "", types = ""]) => ({
      folder,
      may: names(may),
      mayAsType: names(types),
    }),
  );
}

const known = new Map<string, readonly Import[]>();

/** Every `import`, `export … from` and `import()` of a file. */
export function importsOf(file: string): readonly Import[] {
  const found = known.get(file) ?? importsIn(file, readFileSync(file, "utf8"));
  known.set(file, found);
  return found;
}

export function importsIn(file: string, text: string): readonly Import[] {
  const statement =
    /^\s*(import|export)\b([^;"']*?)\bfrom\s*["']([^"']+)["']|(?:^\s*import\s+|\bimport\s*\(\s*)["']([^"']+)["']/gm;
  return [...text.matchAll(statement)].map((match) => ({
    file,
    line: text.slice(0, match.index + match[0].search(/\S/)).split("\n").length,
    from: match[3] ?? match[4] ?? "",
    typeOnly: isTypeOnly(match[2] ?? ""),
  }));
}

/** A sentence for each import that its folder's rule does not allow. */
export function violations(imports: readonly Import[], rules: readonly Rule[]): string[] {
  return imports.flatMap((found) => {
    const rule = ruleOf(found.file, rules);
    if (!rule) return [`${found.file}:${found.line}: there is no rule for this folder`];
    const target = targetOf(found);
    if (ruleOf(target, rules) === rule || isAmong(target, rule.may)) return [];
    if (found.typeOnly && isAmong(target, rule.mayAsType)) return [];
    return [`${found.file}:${found.line}: imports ${target}, which the rule of ${rule.folder} does not name`];
  });
}

/** What a folder is allowed, and does not import. */
export function unused(imports: readonly Import[], rules: readonly Rule[]): string[] {
  const found = imports.map((one) => ({ rule: ruleOf(one.file, rules), target: targetOf(one) }));
  return rules.flatMap((rule) =>
    [...rule.may, ...rule.mayAsType]
      .filter((name) => !found.some((one) => one.rule === rule && isAmong(one.target, [name])))
      .map((name) => `${rule.folder} does not import ${name}`),
  );
}

/** Returns these files and all that they import, directly or not, along imports that `isFollowed`. */
export function reachedFrom(files: readonly string[], isFollowed: (one: Import) => boolean): ReadonlySet<string> {
  const reached = new Set(files);
  for (const file of reached) {
    if (!/\.(?:tsx?|js)$/.test(file) || !existsSync(file)) continue;
    for (const one of importsOf(file)) if (isFollowed(one)) reached.add(targetOf(one));
  }
  return reached;
}

export function targetOf({ file, from }: Import): string {
  return from.startsWith(".") ? posix.join(posix.dirname(file), from) : from;
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    ?.split(",")
    .filter((name) => name.trim());
  return names?.every((name) => /^\s*type\s/.test(name)) ?? false;
}

function isAmong(target: string, allowed: readonly string[]): boolean {
  return allowed.some((name) => (name === "node:*" ? target.startsWith("node:") : isWithin(target, name)));
}

/** Returns the rule with the longest path. */
function ruleOf(path: string, rules: readonly Rule[]): Rule | undefined {
  return rules.filter(({ folder }) => isWithin(path, folder)).sort((a, b) => b.folder.length - a.folder.length)[0];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
