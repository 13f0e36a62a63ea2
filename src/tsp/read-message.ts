import { err, ok, type Result } from "../foundation/result.ts";
import { readPhone } from "./phone-element.ts";
import { readValue, type ValueFault } from "./read-value.ts";
import { type CodeLists, findName, type MessagePlan, type TableMessage, type Vocabulary } from "./vocabulary.ts";
import type { XmlElement } from "./xml.ts";

/**
 * Reads a message by its plan, or tells its first fault in the order of the table (protocol T20). `alias` is the name of
 * its element if that is not the plan's own. What stands behind the start tag is no attribute (protocol section 5, row 4),
 * and children that the plan has not are passed over (protocol T25, section 5, row 2).
 */
export function readMessage(
  element: XmlElement,
  plan: MessagePlan,
  alias: string | null,
  codes: CodeLists,
  notes: string[],
): Result<TableMessage, ValueFault> {
  const message: WritableMessage = { type: plan.type };
  const received = collect(element, plan, notes);
  let spelling: Record<string, string> | undefined = alias === null ? undefined : { element: alias };

  for (const { field, name, wire, index } of plan.fields) {
    const { kind, need, requiredWhen } = field;
    const came = received[index];
    const read =
      kind.kind === "phone" ? readPhone(element, wire, notes) : came ? readValue(came.raw, kind, codes) : absent;
    if (!read.ok) return err({ ...read.error, detail: `${plan.wire}: ${came?.name ?? wire} ${read.error.detail}` });

    if (read.value !== undefined) {
      message[name] = read.value;
      if (came && came.rank >= 1) spelling = { ...spelling, [name]: came.name };
    } else if (need === "required" || (requiredWhen && message[requiredWhen.field] === requiredWhen.is)) {
      const result = kind.kind === "msg-id" ? "msg-id-missing" : "attribute-missing";
      return err({ result, detail: `${plan.wire}: ${wire} is missing or empty` });
    }
  }
  if (spelling) message.spelling = spelling;
  return ok(message);
}

/** What is in order of its common attributes is taken; nothing in it spoils the document (protocol T24). */
export function readUnknownMessage(element: XmlElement, { common, codes }: Vocabulary): TableMessage {
  const message: WritableMessage = { type: "unknown", element: element.name.slice(0, 64) };
  const received = collect(element, common, []);
  for (const { field, name, index } of common.fields) {
    const came = received[index];
    const read = came && readValue(came.raw, field.kind, codes);
    if (read?.ok && read.value !== undefined) message[name] = read.value;
  }
  return message;
}

type WritableMessage = { readonly type: string } & Record<string, unknown>;

const absent = ok(undefined);

interface Received {
  readonly raw: string;
  readonly name: string;
  readonly rank: number;
}

/** The attributes that the message knows, each at its field's index; of several spellings of one field the best counts. */
function collect(element: XmlElement, plan: MessagePlan, notes: string[]): readonly (Received | undefined)[] {
  const received: (Received | undefined)[] = plan.fields.map(() => undefined);
  for (const { name, value } of element.attributes) {
    const match = findName(plan.names, name);
    if (!match) continue; // Unknown attributes are ignored (protocol T25).
    if (match.folded) notes.push(`${element.name}: attribute ${name} read as ${match.name}`);
    const rank = match.rank + (match.folded ? 0.5 : 0);
    const { index } = match.entry;
    if (rank < (received[index]?.rank ?? Number.POSITIVE_INFINITY))
      received[index] = { raw: value, name: match.name, rank };
  }
  return received;
}
