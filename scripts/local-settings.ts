import { join, resolve } from "node:path";
import { operatorTokenIn, sendable } from "../cli/edge/edge-state.ts";
import { StartError } from "../cli/edge/program.ts";
import { mostCalls } from "../simulators/bridge/most-calls.ts";
import { portFrom as readPort } from "../simulators/port.ts";
import { numberBegin } from "../src/foundation/dial-rules.ts";
import { isRecord } from "../src/foundation/record.ts";
import { parseJson } from "../src/foundation/text/parse-json.ts";
import { reasonOf } from "../src/foundation/text/reason.ts";

/** The port that an environment variable names, or else the given one. */
export function portFrom(variable: string, otherwise: number): number {
  return readPort(variable, otherwise, refuse);
}

function refuse(problem: string): never {
  throw new StartError(problem);
}

/** The operator's token: the one given, or one made once and kept in a file that only its owner can read. */
export function operatorToken(folder: string): { readonly token: string; readonly from: string } {
  const given = process.env.OPERATOR_TOKEN;
  if (given) {
    if (sendable.test(given)) return { token: given, from: "the variable OPERATOR_TOKEN" };
    throw new StartError(
      "OPERATOR_TOKEN holds a blank or a letter outside ASCII, which no request could send; leave it out, or use letters and digits",
    );
  }
  const file = join(folder, "operator-token");
  return { token: operatorTokenIn(file, "BRIDGEHEAD_STATE"), from: file };
}

/** Begins of the numbers that the agent may dial: those in the variable POLICY_ALLOW, or else these. */
export function policyAllow(otherwise: string[]): string[] {
  const text = process.env.POLICY_ALLOW;
  if (!text) return otherwise;
  const begins = text.split(",").map((begin) => begin.trim());
  if (begins.every((begin) => numberBegin.form.test(begin))) return begins;
  throw new StartError(
    `POLICY_ALLOW is "${text}"; it must be begins of numbers with commas between them, "+" and digits from the country code on, for example +1408,+44`,
  );
}

/** What the simulated bridge refuses is refused here, too: it would be started again for ever. */
export function requireSimulatedCalls(): void {
  mostCalls(refuse);
}

/** The JSON object in the variable DOMAIN_LOCAL; empty without it. */
export function localOverrides(): object {
  const text = process.env.DOMAIN_LOCAL;
  if (!text) return {};
  const example = 'a right example: {"webex":{"timeoutMs":5000}}';
  try {
    const value: unknown = parseJson(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw new StartError(`DOMAIN_LOCAL is not JSON (${reasonOf(error)}); ${example}`);
  }
  throw new StartError(`DOMAIN_LOCAL must be a JSON object; ${example}`);
}

/** Where the state folder is, or will be. */
export function statePath(): string {
  return resolve(process.env.BRIDGEHEAD_STATE || ".bridgehead");
}
