/** What a caught value says, on one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll("\n", " ");
}

/** The system's word for what went wrong, such as `ENOENT`; empty where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Why an HTTP request got no answer, on one line; where nothing else is known, what the error says. */
export function networkReason(error: unknown): string {
  // What `fetch` throws says only that it failed; the cause says why.
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  const said = reasonOf(cause).replace(/\.+$/, ""); // It stands within sentences.
  // Workerd has one text for a connection that was never made and for one that broke.
  if (said === "Network connection lost") return "the connection was not made, or was closed before a complete answer";
  if (cause instanceof Error && cause.name === "HTTPParserError") return "the answer is not HTTP";
  return networkWords.get(codeOf(cause)) ?? said;
}

/** What Node, its HTTP clients and OpenSSL say of a connection, in our words. */
export const networkWords: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "the connection was refused"],
  ["ENOTFOUND", "nobody knows the name"],
  ["EAI_AGAIN", "the name cannot be looked up"],
  ["EHOSTUNREACH", "the address cannot be reached"],
  ["ENETUNREACH", "the address cannot be reached"],
  ["ETIMEDOUT", "no connection in time"],
  ["UND_ERR_CONNECT_TIMEOUT", "no connection in time"],
  ["UND_ERR_HEADERS_TIMEOUT", "no complete answer in time"],
  ["UND_ERR_BODY_TIMEOUT", "no complete answer in time"],
  ["ECONNRESET", "the connection was closed before a complete answer"],
  ["EPIPE", "the connection was closed before a complete answer"],
  ["UND_ERR_SOCKET", "the connection was closed before a complete answer"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is of no authority that is trusted here"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its certificate is of no authority that is trusted here"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate is of no authority that is trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT", "its certificate is of no authority that is trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "its certificate is of no authority that is trusted here"],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "it does not answer by TLS"],
]);
