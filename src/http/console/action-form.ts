import * as v from "valibot";
import { askedActions, isFlag, type OperatorRequest, requestSchema } from "../../conference/operator-actions.ts";
import type { WrongForm } from "../../console/conference/conference-actions.tsx";
import { err, ok, type Result } from "../../foundation/result.ts";
import { sha256 } from "../../foundation/secrets.ts";
import { mustBe, wrongValue } from "../../foundation/text/wrong-value.ts";

export const actionBody = requestSchema(askedActions());

/** What a form of a conference's page asks, as the API has it, or what is wrong with it. */
export function readAction(form: URLSearchParams): Result<OperatorRequest, Omit<WrongForm, "typed">> {
  const { button, parameters } = rowOf(form);
  const body = [...form].flatMap(([name, value]) => {
    const text = value.trim();
    if (text === "" || name === "mark") return [];
    return [[name, isFlag(parameters[name]) || (button?.form?.fields[name]?.read?.(text) ?? text)]];
  });
  const checked = v.safeParse(actionBody, Object.fromEntries(body), { abortEarly: true, message: mustBe });
  if (checked.success) return ok(checked.output);
  const [issue] = checked.issues;
  const field = v.getDotPath(issue) ?? "";
  const label = button?.form?.fields[field]?.label;
  const named =
    label === undefined
      ? `The form's ${field}`
      : `The ${label.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())}`;
  return err({ field, says: `${named} ${wrongValue(issue)}. Nothing was done.` });
}

/** What somebody filled in that is wrong, to show it again; `null`: nobody fills in this form, or no field of it is wrong. */
export function wrongForm(form: URLSearchParams): WrongForm | null {
  const { button } = rowOf(form);
  const read = button?.form && readAction(form);
  if (!read || read.ok || button?.form?.fields[read.error.field] === undefined) return null;
  return { ...read.error, typed: Object.fromEntries(form) };
}

function rowOf(form: URLSearchParams) {
  const row = askedActions()[form.get("type") ?? ""];
  return { button: row?.asked.button, parameters: row?.parameters ?? {} };
}

/**
 * The id of an action: the same for the same request of one person on the same `mark`, which says how the conference was when the page
 * was made. So a form that is sent twice acts once, and one that is filled in anew acts again.
 */
export async function actionIdOf(body: OperatorRequest, person: string, mark: string): Promise<string> {
  const known = /^[0-9a-z]{1,12}$/.test(mark) ? mark : "none";
  const digest = await sha256(JSON.stringify([body, person]));
  return `console-${known}-${digest.slice(0, 24)}`;
}
