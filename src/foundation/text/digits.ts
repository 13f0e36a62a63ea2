/** Returns the digits of the telephone number in the user part of a SIP address; empty for other text. */
export function numberIn(user: string): string {
  const number = user.replace(/;.*/s, "");
  return /^\+?[\d ().-]*$/.test(number) ? digitsOf(number) : "";
}

/** A telephone number as it is compared: its digits. */
export function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}
