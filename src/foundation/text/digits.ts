/** Digits of the telephone number in the user part of an address of SIP; empty if it is no number. */
export function numberIn(user: string): string {
  const number = user.replace(/;.*/s, "");
  return /^\+?[\d ().-]*$/.test(number) ? digitsOf(number) : "";
}

/** A telephone number as it is compared: its digits. */
export function digitsOf(number: string): string {
  return number.replace(/\D/g, "");
}
