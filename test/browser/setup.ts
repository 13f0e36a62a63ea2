import type { TestProject } from "vitest/node";
import { findTool } from "../../scripts/tools/find-tool.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The program of the browser to test with. */
    readonly chromium: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const found = await findTool("chromium");
  if (!found.ok) throw new Error(`there is no Chromium to test with: ${found.error}`);
  project.provide("chromium", found.value.program);
}
