/** Names of WebEx's two interfaces that hold a secret, in any case and without numbers behind them: PA2 is one as PA is. */
const names =
  /^(?:n|r)?pw$|^(?:pid|pa|sa|tk|sk|cn)$|password|passwd|passcode|secret|ticket|token|saml|pin$|pw$|hostkey|accesscode$|moderatorcode$|partnerid$/;

/** Whether a field or an argument of this name is kept out of links, logs and errors where no table says what it holds. */
export function isSecretName(name: string): boolean {
  return names.test(name.toLowerCase().replace(/[\d#]+$/, ""));
}
