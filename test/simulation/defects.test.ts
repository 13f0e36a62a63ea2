import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plant } from "./defects/defect.ts";
import { defects } from "./defects/defects.ts";
import seeds from "./defects/seeds.json" with { type: "json" };
import { everything } from "./planted.ts";
import { type Rule, rules } from "./rules.ts";

const project = join(import.meta.dirname, "../..");

test("each rule has a defect that it finds alone", () => {
  const own = new Set(everything.map(({ foundBy }) => foundBy));

  expect(Object.keys(rules).filter((rule) => !own.has(rule as Rule))).toEqual([]);
});

test("each planted defect has a name of its own and a stored seed", () => {
  const names = everything.map(({ name }) => name);

  expect(names).toEqual([...new Set(names)]);
  expect(names).toEqual(Object.keys(seeds));
});

test("the text that each defect replaces stands once in its file", () => {
  const missing = defects.filter((defect) => plant(defect, readFileSync(join(project, defect.file), "utf8")) === null);

  expect(missing.map(({ name, file, before }) => `${name}: ${file}: ${before}`)).toEqual([]);
});

// A name that is gone would otherwise throw in each world, and the defect would count as found.
test("each planted defect is what somebody could have written: its types are right", { timeout: 120_000 }, async () => {
  const copy = mkdtempSync(join(tmpdir(), "bridgehead-defects-"));
  try {
    for (const folder of ["src", "durable-objects", "bridge-agent", "simulators", "webex-interfaces"]) {
      cpSync(join(project, folder), join(copy, folder), { recursive: true });
    }
    for (const file of ["tsconfig.base.json", "package.json"]) cpSync(join(project, file), join(copy, file));
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    // Each planted file stands beside the healthy one, so that one run of the compiler checks them all.
    const planted = new Map(
      defects.map((defect, index) => [defect.file.replace(/\.ts$/, `.defect-${index}.ts`), defect]),
    );
    for (const [file, defect] of planted) {
      writeFileSync(join(copy, file), plant(defect, readFileSync(join(project, defect.file), "utf8")) ?? "");
    }
    const settings = {
      extends: "./tsconfig.base.json",
      compilerOptions: {
        types: ["node", "@cloudflare/workers-types"],
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      files: [...planted.keys()],
    };
    writeFileSync(join(copy, "tsconfig.json"), JSON.stringify(settings));

    const faults = await compile(copy);

    const named = faults.map((line) => {
      const [file = ""] = line.split("(");
      return `${planted.get(file)?.name ?? file}: ${line}`;
    });
    expect(named).toEqual([]);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

/** The compiler's complaints about the project in this folder. */
function compile(folder: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(
      join(project, "node_modules/.bin/tsc"),
      ["-p", folder, "--pretty", "false", "--singleThreaded"],
      { cwd: folder },
      (_, output) => resolve(output.split("\n").filter((line) => / error /.test(line))),
    );
  });
}
