import type { Domain } from "../domain.ts";
import { readBody } from "./bodies.ts";
import { deliver } from "./deliver.ts";
import type { Edge } from "./edge.ts";
import { refuseHosts } from "./refuse-hosts.ts";

/** Larger than any document of 50 messages (protocol T8). */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * Takes one document from WebEx (protocol T1, T4, T5, T8). What is wrong with its form is said in the Confirmation; a
 * Confirmation of 0 says that all of it is on disk; 503 says that some of it is not, so that WebEx sends it again.
 */
export async function receiveDocument(request: Request, domain: Domain, edge: Edge): Promise<Response> {
  if (request.method !== "POST") {
    return new Response("The adapter takes TSP documents by POST.\n", { status: 405, headers: { allow: "POST" } });
  }
  const waitSeconds = edge.posts.take(domain.name, domain.settings.rateLimitPerMinute, edge.now());
  if (waitSeconds > 0) {
    edge.metrics.count("bridgehead_rate_limited_total", { domain: domain.name });
    const text = `More than ${domain.settings.rateLimitPerMinute} posts a minute. Send it again in ${waitSeconds} s.\n`;
    return new Response(text, { status: 429, headers: { "retry-after": String(waitSeconds) } });
  }
  const body = await readBody(request, MAX_DOCUMENT_BYTES);
  if (body === null) {
    return new Response(`A document may have at most ${MAX_DOCUMENT_BYTES} bytes.\n`, { status: 413 });
  }
  const document = domain.codec.decode(body);
  if (!document.ok) {
    const { transId, result, detail } = document;
    edge.log("document-refused", { domain: domain.name, transId, result, detail });
    edge.metrics.count("bridgehead_documents_total", { domain: domain.name, result });
    return confirmation(domain.codec.confirm(transId, result));
  }
  const { transId } = document;
  const messages = refuseHosts(document.messages, transId, domain, edge);
  try {
    const notes = await deliver({ domain: domain.name, transId, messages }, edge.objects, edge.aliases, edge.now());
    for (const note of [...document.notes, ...notes]) edge.log("document-note", { domain: domain.name, transId, note });
  } catch (error) {
    edge.metrics.count("bridgehead_documents_not_stored_total", { domain: domain.name });
    edge.log("document-not-stored", { domain: domain.name, transId, error: String(error) });
    return new Response("Not all of the document could be stored. Send it again.\n", { status: 503 });
  }
  edge.metrics.count("bridgehead_documents_total", { domain: domain.name, result: "ok" });
  return confirmation(domain.codec.confirm(transId, "ok"));
}

function confirmation(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/xml; charset=UTF-8" } });
}
