import type { Refused, SubError } from "../wire/message.ts";

/** Sites repeat what they refuse. */
export function withoutSecrets(refused: Refused, secrets: readonly string[]): Refused {
  const masked = <Part extends SubError>(part: Part): Part => {
    const [exceptionId, reason] = [part.exceptionId, part.reason].map((said) => maskedText(said, secrets));
    return maskedValue({ ...part, exceptionId, reason }, secrets);
  };
  return { ...masked(refused), subErrors: refused.subErrors.map(masked) };
}

/** Cut after the secrets are out of it: a part of one is none to look for. */
export function maskedValue<Field extends { readonly value?: string }>(
  field: Field,
  secrets: readonly string[],
): Field {
  return field.value === undefined ? field : { ...field, value: maskedText(field.value, secrets).slice(0, 100) };
}

/** The longest first: one secret may be part of another. */
export function maskedText(said: string, secrets: readonly string[]): string {
  const longestFirst = secrets.flatMap(spellings).toSorted((one, other) => other.length - one.length);
  return longestFirst.reduce((shown, spelling) => shown.replaceAll(spelling, "…"), said);
}

/** A secret as it is, and escaped for XML and for an address: sites repeat the text of a request, too. */
function spellings(secret: string): readonly string[] {
  const inXml = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = inXml.replaceAll('"', "&quot;");
  const inAddress = encodeURIComponent(secret);
  const inForm = new URLSearchParams([["", secret]]).toString().slice(1);
  const lowered = [inAddress, inForm].map((text) => text.replace(/%../g, (byte) => byte.toLowerCase()));
  const marks = ["&apos;", "&#39;", "&#x27;"].map((mark) => quoted.replaceAll("'", mark));
  const written = [inXml, quoted, ...marks].flatMap((text) => [text, text.replaceAll("\r", "&#13;")]);
  return [...new Set([secret, ...written, inAddress, inForm, ...lowered])];
}
