/** Whether this is one caller's number: neither withheld nor masked. */
export function isWholeNumber(number: string): boolean {
  return /^[^*]+$/.test(number);
}
