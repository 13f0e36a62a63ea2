import { isFlag } from "../../conference/action-row.ts";
import { askedActions } from "../../conference/operator-actions.ts";
import { sha256 } from "../../foundation/secrets.ts";

/** What a form of a conference's page asks, as the API has it; what is wrong with it, the API says. */
export function bodyOf(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const row = askedActions()[form.get("type") ?? ""];
  const entries = [...form].flatMap(([name, value]) => {
    const text = value.trim();
    if (text === "" || name === "mark") return [];
    return [[name, isFlag(row?.parameters[name]) || (row?.asked.button.form?.fields[name]?.read?.(text) ?? text)]];
  });
  return Object.fromEntries(entries);
}

/** How people know a field of a form. `isTyped`: they fill it in. */
export function fieldOf(type: unknown, name: string): { readonly says: string; readonly isTyped: boolean } {
  const label = askedActions()[String(type)]?.asked.button.form?.fields[name]?.label;
  if (label === undefined) return { says: `The form's ${name}`, isTyped: false };
  return { says: `The ${label.slice(0, 1).toLowerCase()}${label.slice(1)}`, isTyped: true };
}

/**
 * The id of an action: the same for the same request of one person on the same `mark`, which says how the conference was when the page
 * was made. So a form that is sent twice acts once, and one that is filled in anew acts again.
 */
export async function actionIdOf(body: object, person: string, mark: string): Promise<string> {
  const known = /^[0-9a-z]{1,12}$/.test(mark) ? mark : "none";
  const digest = await sha256(JSON.stringify([body, person]));
  return `console-${known}-${digest.slice(0, 24)}`;
}
