/** A telephone number as it is compared: its digits. */
export function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}
