/** Names that hold a secret, in any case, without the number at the end: `PA2` as `PA`. */
const names = [
  /^(?:n|r)?pw$|^(?:pid|pa|sa|tk|sk|cn)$|password|passwd|passcode|secret|ticket|token|saml/,
  /pin$|pw$|hostkey|accesscode$|moderatorcode$|partnerid$/,
];

/** True if a field or argument of this name stays out of links, logs and errors, although no table has it. */
export function isSecretName(name: string): boolean {
  const bare = name.toLowerCase().replace(/[\d#]+$/, "");
  return names.some((name) => name.test(bare));
}
