import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plant } from "./defects/defect.ts";
import { defects } from "./defects/defects.ts";
import seeds from "./defects/seeds.json" with { type: "json" };
import { everything } from "./planted.ts";
import { rules } from "./rules.ts";

const project = join(import.meta.dirname, "../..");

test("each rule finds a planted defect", () => {
  const own = new Set<string>(everything.map(({ foundBy }) => foundBy));

  expect(Object.keys(rules).filter((rule) => !own.has(rule))).toEqual([]);
});

test("seeds.json lists planted defects in order", () => {
  expect(Object.keys(seeds)).toEqual(everything.map(({ name }) => name).filter((name) => name in seeds));
});

test("each defect's text occurs once in its file", () => {
  const missing = defects.filter((defect) => plant(defect, readFileSync(join(project, defect.file), "utf8")) === null);

  expect(missing.map(({ name, file, before }) => `${name}: ${file}: ${before}`)).toEqual([]);
});

// Node strips types unchecked. A missing name would throw in each world and could break the defect's rule.
test("each planted defect type-checks", { timeout: 120_000 }, async () => {
  const copy = mkdtempSync(join(tmpdir(), "bridgehead-defects-"));
  try {
    for (const folder of ["src", "durable-objects", "bridge-agent", "simulators", "webex-interfaces"]) {
      cpSync(join(project, folder), join(copy, folder), { recursive: true });
    }
    for (const file of ["tsconfig.base.json", "package.json"]) cpSync(join(project, file), join(copy, file));
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    // Write each planted file next to the healthy one, to check all in one run.
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

    const errors = await compile(copy);

    const named = errors.map((line) => {
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
  return new Promise((resolve, reject) => {
    execFile(
      join(project, "node_modules/.bin/tsc"),
      ["-p", folder, "--pretty", "false", "--singleThreaded"],
      { cwd: folder },
      (error, output) =>
        error && output === ""
          ? reject(error)
          : resolve(output.split("\n").filter((line) => /\berror TS\d/.test(line))),
    );
  });
}
