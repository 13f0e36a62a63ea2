/** Control characters but for tabs and ends of lines, what is no character, and halves of characters. */
const unprintable = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]|\r(?!\n)/gu;

/** The text with what cannot be shown as `\xNN`: fit for a terminal, and for XML. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
