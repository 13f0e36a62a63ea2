/** What a caught value says, on one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll("\n", " ");
}

/** The system's word for what went wrong, such as `ENOENT`; empty where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** SQLite's code for what went wrong, without what says it more precisely; `null`: it is no error of SQLite. https://www.sqlite.org/rescode.html */
export function sqliteCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : null;
}

/** Why an HTTP request got no answer, on one line and never empty; where nothing else is known, what the error says. */
export function networkReason(error: unknown): string {
  // What `fetch` throws says only that it failed; the cause says why.
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  // It has an error for each address of a name. One that no network leads to says nothing of the server.
  if (cause instanceof AggregateError && cause.errors.length > 0)
    return networkReason(cause.errors.findLast((one) => !isUnreachable(one)) ?? cause.errors[0]);
  const code = codeOf(cause);
  const said = reasonOf(cause).replace(/\.+$/, ""); // It stands within sentences.
  // Workerd has one text for a connection that was never made and for one that broke.
  if (said === "Network connection lost") return "the connection was not made, or was closed before a complete answer";
  // The error of the parser of `fetch` has no code: what is cut off differs from what is not HTTP by its text alone.
  if (said.endsWith("(Invalid EOF state)")) return cutOff;
  if (code.startsWith("HPE_") || (cause instanceof Error && cause.name === "HTTPParserError"))
    return networkWords.get(code) ?? "the answer is not HTTP";
  if (said.includes("before secure TLS connection was established"))
    return "the connection was closed at the handshake of TLS";
  const words = networkWords.get(code);
  if (words !== undefined) return words;
  const tls = tlsFault(code, said);
  if (tls !== undefined) return tls === "wrong version number" ? "it does not answer by TLS" : `TLS failed (${tls})`;
  // Codes of zlib and of Brotli.
  if (/^(?:Z_|ERR__ERROR_FORMAT_)/.test(code)) return "the answer cannot be decompressed";
  return said || code || "nothing is known of the reason";
}

/** What an alert of TLS says: the end of a code, or within OpenSSL's own text, which begins with the id of a thread. */
function tlsFault(code: string, said: string): string | undefined {
  const [, ofCode] = /^ERR_SSL_(.+)$/.exec(code) ?? [];
  const [, ofText] = /:SSL routines:[^:]*:([^:]+):/.exec(said) ?? [];
  const words = ofCode?.toLowerCase().replaceAll("_", " ") ?? ofText;
  return words?.replace(/^(?:tlsv1\d?|sslv3|ssl\/tls) /, "").replace(/^alert /, "");
}

function isUnreachable(error: unknown): boolean {
  return ["ENETUNREACH", "EHOSTUNREACH"].includes(codeOf(error));
}

const cutOff = "the connection was closed before a complete answer";
const untrusted = "its certificate is of no authority that is trusted here";

/** What Node, its HTTP clients and OpenSSL say of a connection, in our words. `ETIMEDOUT` ends one that was made, too. */
export const networkWords: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "the connection was refused"],
  ["ENOTFOUND", "nobody knows the name"],
  ["EAI_AGAIN", "the name cannot be looked up"],
  ["EHOSTUNREACH", "the address cannot be reached"],
  ["ENETUNREACH", "the address cannot be reached"],
  ["ETIMEDOUT", "no reply in time"],
  ["UND_ERR_CONNECT_TIMEOUT", "no connection in time"],
  ["UND_ERR_HEADERS_TIMEOUT", "no complete answer in time"],
  ["UND_ERR_BODY_TIMEOUT", "no complete answer in time"],
  ["ECONNRESET", cutOff],
  ["EPIPE", cutOff],
  ["UND_ERR_SOCKET", cutOff],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", cutOff],
  ["UND_ERR_HEADERS_OVERFLOW", "the headers of the answer are too long"],
  ["HPE_HEADER_OVERFLOW", "the headers of the answer are too long"],
  ["HPE_INVALID_EOF_STATE", cutOff],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", untrusted],
  ["SELF_SIGNED_CERT_IN_CHAIN", untrusted],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT", untrusted],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", untrusted],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name"],
]);
