import * as v from "valibot";
import { err, ok, type Result } from "../foundation/result.ts";
import { sha256 } from "../foundation/secrets.ts";
import { mustBe, wrongValue } from "../foundation/wrong-value.ts";
import { actionBody } from "./api/actions.ts";

type ActionBody = v.InferOutput<typeof actionBody>;

/** What a form of a conference's page asks, as the API has it, or what is wrong with it, in a sentence. */
export function readAction(form: URLSearchParams): Result<ActionBody, string> {
  const given = Object.fromEntries([...form].flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])));
  const { mark: _, muted, number, ...rest } = given;
  const body = { ...rest, ...(muted && { muted: true }), ...(number && { number: withoutSigns(number) }) };
  const checked = v.safeParse(actionBody, body, { abortEarly: true, message: mustBe });
  if (checked.success) return ok(checked.output);
  const [issue] = checked.issues;
  const field = v.getDotPath(issue) ?? "";
  return err(`${names[field] ?? `The form's ${field}`} ${wrongValue(issue)}. Nothing was done.`);
}

const names: Readonly<Record<string, string>> = { number: "The number", attendeeId: "The attendee ID" };

/** People write blanks and signs between the digits, and may leave out the plus before a country code. */
function withoutSigns(number: string): string {
  return number.replaceAll(/[\s()./-]/g, "").replace(/^(?=[1-9])/, "+");
}

/**
 * The id of an action: the same for the same request of one person on the same `mark`, which says how the conference was when the page
 * was made. So a form that is sent twice acts once, and one that is filled in anew acts again.
 */
export async function actionIdOf(body: ActionBody, person: string, mark: string): Promise<string> {
  const known = /^[0-9a-z]{1,12}$/.test(mark) ? mark : "none";
  const digest = await sha256(JSON.stringify([body, person]));
  return `console-${known}-${digest.slice(0, 24)}`;
}
