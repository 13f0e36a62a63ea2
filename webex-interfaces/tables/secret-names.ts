/** Names of secrets, in any case, without the number at the end (`PA` for `PA2`). */
const names = [
  /^(?:n|r)?pw$|^(?:pid|pa|sa|tk|sk|cn)$|password|passwd|passcode|secret|ticket|token|saml/,
  /pin$|pw$|hostkey|accesscode$|moderatorcode$|partnerid$/,
];

/** True if a field or argument without a table must stay out of links, logs and errors. */
export function isSecretName(name: string): boolean {
  const bare = name.toLowerCase().replace(/[\d#]+$/, "");
  return names.some((name) => name.test(bare));
}
