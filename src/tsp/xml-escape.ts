const replacement = "\ufffd";

/** Text for an attribute in double quotes, or between tags. Never emits what XML 1.0 does not allow. */
export function escapeXml(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  let escaped = "";
  let copied = 0;
  for (let at = 0; at < wellFormed.length; at += 1) {
    const replaced = escapeOf(wellFormed.charCodeAt(at));
    if (replaced === null) continue;
    escaped += wellFormed.slice(copied, at) + replaced;
    copied = at + 1;
  }
  return copied === 0 ? wellFormed : escaped + wellFormed.slice(copied);
}

function escapeOf(code: number): string | null {
  switch (code) {
    case 0x22:
      return "&quot;";
    case 0x26:
      return "&amp;";
    case 0x3c:
      return "&lt;";
    case 0x3e:
      return "&gt;";
    case 0x09:
    case 0x0a:
    case 0x0d:
      return `&#${code};`; // Bare, they would be read as spaces in an attribute.
    default:
      // Control characters and the two last of the plane have no form in XML at all; values come from outside, and one of
      // them must not spoil a document.
      return code < 0x20 || code >= 0xfffe ? replacement : null;
  }
}
