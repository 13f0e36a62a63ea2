import * as v from "valibot";
import type { WrongCallOut } from "../../console/conference/conference-actions.tsx";
import { err, ok, type Result } from "../../foundation/result.ts";
import { sha256 } from "../../foundation/secrets.ts";
import { mustBe, wrongValue } from "../../foundation/text/wrong-value.ts";
import { actionBody } from "../api/conferences/actions.ts";

type ActionBody = v.InferOutput<typeof actionBody>;

/** What is wrong with a form. */
interface WrongForm {
  readonly field: string;
  /** In a sentence. */
  readonly says: string;
}

/** What a form of a conference's page asks, as the API has it, or what is wrong with it. */
export function readAction(form: URLSearchParams): Result<ActionBody, WrongForm> {
  const given = Object.fromEntries([...form].flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])));
  const { mark: _, muted, number, ...rest } = given;
  const body = { ...rest, ...(muted && { muted: true }), ...(number && { number: withoutSigns(number) }) };
  const checked = v.safeParse(actionBody, body, { abortEarly: true, message: mustBe });
  if (checked.success) return ok(checked.output);
  const [issue] = checked.issues;
  const field = v.getDotPath(issue) ?? "";
  return err({ field, says: `${names[field] ?? `The form's ${field}`} ${wrongValue(issue)}. Nothing was done.` });
}

/** What somebody typed of a call, for the address of the page that shows it again; `null`: the form is not of a call, or no field is wrong. */
export function typedCallOut(form: URLSearchParams): Readonly<Record<string, string>> | null {
  if (form.get("type") !== "call-out") return null;
  const typed = Object.fromEntries(typedFields.map((name) => [name, form.get(name) ?? ""]));
  return wrongCallOut(typed) && typed;
}

/** The same as the page's address has it, with what is wrong; `null`: nothing is, or it has none. */
export function wrongCallOut(query: Readonly<Record<string, string>>): WrongCallOut | null {
  const { number = "", attendeeId = "", muted = "" } = query;
  if (number === "" && attendeeId === "") return null;
  const action = readAction(new URLSearchParams({ type: "call-out", number, attendeeId, muted }));
  if (action.ok) return null;
  const field = action.error.field === "attendeeId" ? "attendeeId" : "number";
  return { number, attendeeId, muted: muted !== "", field, says: action.error.says };
}

const typedFields = ["number", "attendeeId", "muted"] as const;

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
