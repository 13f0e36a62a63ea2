import { networksIn } from "../../foundation/guard/networks.ts";
import type { DomainName, TransId } from "../../foundation/ids.ts";
import type { RateLimit } from "../../foundation/limits.ts";
import type { Result } from "../../foundation/result.ts";
import { indexOfEqual } from "../../foundation/secrets.ts";
import { type CreatesUnderWay, createsOf } from "../../routing/creates-under-way.ts";
import { checkHosts, deliver } from "../../routing/deliver.ts";
import type { HandleCache } from "../../routing/handles.ts";
import type { Domain } from "../../settings/load.ts";
import type { ToWebex } from "../../tsp/messages.ts";
import type { ResultWord } from "../../tsp/protocol-table.ts";
import { addressOf } from "../address.ts";
import { readBody, tooLong } from "../body.ts";
import type { EdgePorts } from "../edge-ports.ts";
import type { Rates } from "../guard.ts";
import type { Metrics, unreadResults } from "../monitoring/monitoring.ts";
import { failureOf, forOneRequest, storageFault } from "../objects-of-request.ts";
import { noSuchPage } from "../problem.ts";
import type { Storage } from "../storage.ts";
import { type PostHooks, TextAnswer } from "../text-answer.ts";
import { decompress, type NotDecompressed } from "./decompress.ts";

/** Larger than any document of 50 messages, also after decompression (protocol T8). */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

export interface AdapterPorts extends EdgePorts {
  readonly handleCache: HandleCache;
  readonly creates: CreatesUnderWay;
  readonly posts: RateLimit;
  readonly rates: Rates;
  readonly metrics: Metrics;
  readonly storage: Pick<Storage, "failed" | "fault">;
  /** Counts a refused document of WebEx; stored ones count where they are stored. The answer does not wait for it. */
  refused(domain: DomainName): void;
  /** Notes a document with a right secret from a wrong address, after the answer, so that timing does not reveal it. */
  sourceRefused(domain: DomainName, address: string): void;
  /** Notes a server that the settings lack in the directory. The answer does not wait for it. */
  serverRefused(domain: DomainName, host: string): void;
}

/** The path may end in a slash. It is matched literally, like in a proxy in front. */
const adapterUrl = /^[a-z]+:\/\/[^/]*\/tsp\/([^/?#]+)(?:\/([^/?#]+))?\/?(?:[?#]|$)/;

/** Answers a request to a domain's adapter URL; `null`: another path. */
export function answerAdapter(
  request: Request,
  edge: AdapterPorts,
  hooks?: PostHooks,
): Promise<Response | TextAnswer> | null {
  const [isAdapter, name = "", secret] = adapterUrl.exec(request.url) ?? [];
  return isAdapter === undefined ? null : admit(decoded(name), secret && decoded(secret), request, edge, hooks);
}

async function admit(
  name: string,
  secret: string | undefined,
  request: Request,
  edge: AdapterPorts,
  hooks?: PostHooks,
): Promise<Response | TextAnswer> {
  const domain = await domainOfAdapterUrl(edge.domains, name, secret);
  const address = addressOf(request);
  const from = domain?.settings.webex.from ?? [];
  if (domain && (from.length === 0 || networksIn(from).has(address))) {
    return receiveDocument(request, domain, forOneRequest(edge), hooks);
  }
  if (domain) edge.sourceRefused(domain.name, address);
  edge.metrics.count("strangers");
  return edge.rates.ofAddress(address, edge.now()) ?? noSuchPage();
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The domain of an adapter URL. Unknown domain and wrong secret take the same steps, so that answer and time do not reveal which it was. */
async function domainOfAdapterUrl(
  domains: ReadonlyMap<string, Domain>,
  name: string,
  secret: string | undefined,
): Promise<Domain | null> {
  const domain = domains.get(name);
  const secrets = domain ? domain.settings.adapterSecrets : [];
  if (domain && secrets.length === 0) return secret === undefined ? domain : null;
  // Always compares two texts, which hides the number of secrets. An unknown domain has empty ones.
  const [first = "", second = first] = secrets;
  const right = indexOfEqual([first, second], secret ?? "") >= 0;
  return domain && right ? domain : null;
}

/** One document from WebEx (protocol T1, T4, T5, T8). Confirmation 0: all is on disk; 503: some is not, so WebEx resends it. */
async function receiveDocument(
  request: Request,
  domain: Domain,
  edge: AdapterPorts,
  hooks?: PostHooks,
): Promise<Response | TextAnswer> {
  const { metrics } = edge;
  const { name, settings, codec } = domain;
  const begunAt = edge.passedMs();
  if (request.method !== "POST") {
    return new Response("Method not allowed. Use POST.\n", { status: 405, headers: { allow: "POST" } });
  }
  const waitSeconds = edge.posts.waitSeconds(name, settings.rateLimitPerMinute, edge.now());
  if (waitSeconds > 0) {
    metrics.count("rate_limited", { domain: name });
    edge.refused(name);
    const text = `More than ${settings.rateLimitPerMinute} posts a minute. Send it again in ${waitSeconds} s.\n`;
    return new Response(text, { status: 429, headers: { "retry-after": String(waitSeconds) } });
  }
  const confirm = (transId: string, result: ResultWord) => {
    metrics.count("documents", { domain: name, result });
    metrics.confirmSeconds.observe({ domain: name }, edge.passedMs() - begunAt);
    if (result !== "ok") edge.refused(name);
    return new TextAnswer(200, "text/xml; charset=UTF-8", codec.confirm(transId, result));
  };
  const refuse = (transId: string, result: ResultWord, detail: string) => {
    edge.log("document-refused", { domain: name, transId, result, detail }, "warn");
    return confirm(transId, result);
  };
  const text = await documentText(request, edge);
  if (text instanceof Response) {
    const result: (typeof unreadResults)[number] = text.status === 413 ? "too-large" : "too-slow";
    const why = text.status === 413 ? "is too long" : "breaks off, or did not come within 10 s";
    const detail = `is answered with ${text.status}: its body ${why}`;
    edge.log("document-refused", { domain: name, transId: "", result, detail }, "warn");
    metrics.count("documents", { domain: name, result });
    edge.refused(name);
    return text;
  }
  if (!text.ok) return refuse("", "not-xml", text.error.says);
  const document = codec.decode(text.value, request.headers.get("content-type"));
  if (!document.ok) return refuse(document.transId, document.result, document.detail);
  const { transId } = document;
  const { messages, refused, verdict } = checkHosts(document.messages, settings.webex);
  for (const { message, error } of refused) {
    const facts = { domain: name, transId, host: message.replyTo, message: message.type, why: error.kind };
    edge.log("host-refused", facts, "warn");
    metrics.count("hosts_refused", { domain: name });
    if (error.kind === "not-allowed") edge.serverRefused(name, error.host);
  }
  if (verdict !== null) return confirm(transId, verdict);
  const creates = createsOf(name, messages);
  if (creates && !(await edge.creates.admit(creates, edge))) {
    metrics.count("creates_refused", { domain: name });
    metrics.confirmSeconds.observe({ domain: name }, edge.passedMs() - begunAt);
    edge.creates.refused(creates, edge.now());
    edge.refused(name);
    edge.log("create-refused", { domain: name, transId, conference: creates.keys[0] }, "warn");
    return tryAgain("Too many conferences are starting.");
  }
  try {
    const gathers = (answer: ToWebex) => settings.webex.gatherMs > 0 && codec.sends(answer);
    const inbound = { domain: name, transId, messages, gathers };
    const notes = await deliver(inbound, edge.objects, edge.handleCache, edge.now());
    for (const note of [...document.notes, ...notes]) edge.log("document-note", { domain: name, transId, note });
    await hooks?.onDisk();
  } catch (error) {
    metrics.confirmSeconds.observe({ domain: name }, edge.passedMs() - begunAt);
    return notStored(error, name, transId, edge);
  } finally {
    if (creates) edge.creates.delivered(creates);
  }
  return confirm(transId, "ok");
}

/** Returns the bytes of a document's text, or the refusal of one that is too long or too slow. */
async function documentText(
  request: Request,
  edge: AdapterPorts,
): Promise<Result<Uint8Array, NotDecompressed> | Response> {
  const body = await readBody(request, MAX_DOCUMENT_BYTES, edge);
  if (!body.ok) return body.error;
  const text = await decompress(body.value, request.headers.get("content-encoding"), MAX_DOCUMENT_BYTES, edge);
  return !text.ok && text.error.kind === "too-long" ? tooLong(MAX_DOCUMENT_BYTES) : text;
}

async function notStored(error: unknown, domain: DomainName, transId: TransId, edge: AdapterPorts): Promise<Response> {
  edge.metrics.count("documents_not_stored", { domain });
  edge.refused(domain);
  const fault = storageFault(error);
  if (fault?.of === "disk") edge.storage.failed(fault.why);
  const disk = await diskFault(fault, edge);
  if (fault && disk === null) edge.metrics.count("object_storage_failures", { domain });
  edge.log("document-not-stored", { domain, transId, disk: disk ?? undefined, ...failureOf(error) }, "error");
  return tryAgain("Not all of the document could be stored.");
}

function tryAgain(why: string): Response {
  return new Response(`${why} Send it again.\n`, { status: 503, headers: { "retry-after": "2" } });
}

/** The disk's fault if an object's storage failed; `null`: a fault of this object only. */
async function diskFault(fault: ReturnType<typeof storageFault>, edge: AdapterPorts): Promise<string | null> {
  if (fault?.of === "disk") return "the disk is full";
  // For a full disk, the platform may only report "internal error".
  return fault ? edge.storage.fault() : null;
}
