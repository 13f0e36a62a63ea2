import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { StartError } from "../cli/edge/program.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** The licences of npm packages, as one text. Throws a `StartError` for a package without one. */
export function licencesOf(folders: Iterable<string>): string {
  return [...folders].toSorted().map(licenceOf).join("\n");
}

/** That of the Node that runs this, which the packages bring. Throws a `StartError` where it is not beside it. */
export function licenceOfNode(): string {
  const file = join(dirname(dirname(process.execPath)), "LICENSE");
  if (existsSync(file)) return section(`Node.js ${process.version}`, readFileSync(file, "utf8"));
  throw new StartError(`${process.execPath} has no licence at ${file}; use an official build of Node`);
}

function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const ours = join(project, "packaging", "licences", `${name}.txt`);
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => join(folder, file));
  if (existsSync(ours)) files.push(ours);
  if (files.length === 0) throw new StartError(`${name} is bundled without its licence; put the text into ${ours}`);
  return section(`${name} ${version}`, files.map((file) => readFileSync(file, "utf8")).join("\n"));
}

function section(title: string, text: string): string {
  return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text.trim()}\n`;
}
