import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Argument } from "commander";
import { interfacesPage } from "../webex-interfaces/doors/page.ts";
import { command } from "./command.ts";
import type { GeneratedPage } from "./generated-page.ts";
import { protocolPage } from "./protocol-page.ts";
import { referencePages } from "./reference-pages.ts";

type Page = string | (Pick<GeneratedPage, "text" | "gaps"> & { readonly counts?: string });

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** The generated pages of docs/. Git has all but those that .gitignore names. */
const pages: Readonly<Record<string, () => Page | Promise<Page>>> = {
  "protocol.md": protocolPage,
  ...referencePages,
  "webex-interfaces.md": interfacesPage,
};

const { args } = command("docs", "Makes pages of docs/; exits with 1 if one lacks an entry, a file or a test.")
  .addArgument(new Argument("[page...]", "all without it").choices(Object.keys(pages)))
  .parse();

for (const [name, make] of Object.entries(pages)) {
  if (args.length > 0 && !args.includes(name)) continue;
  const made = await make();
  const { text, gaps, counts }: Exclude<Page, string> = typeof made === "string" ? { text: made, gaps: [] } : made;
  writeFileSync(join(project, "docs", name), text);
  for (const gap of gaps) console.log(gap);
  if (gaps.length > 0) process.exitCode = 1;
  console.log(join("docs", name) + (counts ? `: ${counts}` : ""));
}
