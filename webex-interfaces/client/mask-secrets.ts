import type { Refused, SubError } from "../wire/message.ts";

/** Masks secrets in a refusal, because sites repeat refused values. */
export function withoutSecrets(refused: Refused, secrets: readonly string[]): Refused {
  const masked = <Part extends SubError>(part: Part): Part => {
    const [exceptionId, reason] = [part.exceptionId, part.reason].map((said) => maskedText(said, secrets));
    return maskedValue({ ...part, exceptionId, reason }, secrets);
  };
  return { ...masked(refused), subErrors: refused.subErrors.map(masked) };
}

/** Masks a value, then cuts it. A secret that is cut first would not be found. */
export function maskedValue<Field extends { readonly value?: string }>(
  field: Field,
  secrets: readonly string[],
): Field {
  return field.value === undefined ? field : { ...field, value: maskedText(field.value, secrets).slice(0, 100) };
}

/** Masks the longest secrets first, because one may be part of another. */
export function maskedText(said: string, secrets: readonly string[]): string {
  const longestFirst = secrets.flatMap(spellings).toSorted((one, other) => other.length - one.length);
  return longestFirst.reduce((shown, spelling) => shown.replaceAll(spelling, "…"), said);
}

/** Returns a secret plain, and escaped for XML and URLs, because sites also repeat raw requests. */
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
