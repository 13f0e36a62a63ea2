import { XMLParser, XMLValidator } from "fast-xml-parser";
import { err, ok, type Result } from "../../foundation/result.ts";
import { isMeetingKey } from "./request.ts";
import { type ReasonWord, reasonOfText } from "./result.ts";

/** What the document of list-open-meetings says. */
export type OpenMeetings =
  | { readonly status: "success"; readonly meetingKeys: readonly string[] }
  | { readonly status: "failure"; readonly reason: ReasonWord | "other"; readonly reasonText: string };

export interface OpenMeetingsError {
  readonly kind: "too-long" | "not-xml" | "another-document" | "wrong-value";
  readonly says: string;
}

const maxCharacters = 4_000_000;

/** Keys stay text, with the zeros that they begin with. */
const parser = new XMLParser({ parseTagValue: false, removeNSPrefix: true });

/** Reads the document with which a site answers list-open-meetings: the keys of the meetings in progress, joined by `;`. */
export function readOpenMeetings(document: string): Result<OpenMeetings, OpenMeetingsError> {
  if (document.length > maxCharacters) return wrong("too-long", `the document has ${document.length} characters`);
  const list = listOf(document);
  if (list === null) return wrong("not-xml", "the answer is no plain XML document");
  const parts: Readonly<Record<string, unknown>> = typeof list === "object" && list !== null ? { ...list } : {};
  const { Status: status, Reason: reasonText = "", MeetingKeys: joined = "" } = parts;
  if (status === "FAIL" && typeof reasonText === "string") {
    return ok({ status: "failure", reason: reasonOfText(reasonText), reasonText });
  }
  if (status !== "SUCCESS" || typeof joined !== "string") {
    return wrong("another-document", "the document must be ListOpenMeetings with the Status SUCCESS or FAIL");
  }
  const meetingKeys = joined.split(";").flatMap((key) => (key.trim() === "" ? [] : [key.trim()]));
  const odd = meetingKeys.find((key) => !isMeetingKey(key));
  return odd === undefined
    ? ok({ status: "success", meetingKeys })
    : wrong("wrong-value", `MeetingKeys has ${JSON.stringify(odd.slice(0, 40))}, which is no meeting number`);
}

/** The element that holds the list, if there is one; `null` if this is no XML. A document type could define entities, and none is needed. */
function listOf(document: string): unknown {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(document)) return null;
  try {
    return XMLValidator.validate(document) === true ? parser.parse(document).ListOpenMeetings : null;
  } catch {
    return null; // Elements nested too deep.
  }
}

function wrong(
  kind: OpenMeetingsError["kind"],
  says: string,
): { readonly ok: false; readonly error: OpenMeetingsError } {
  return err({ kind, says });
}
