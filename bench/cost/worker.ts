import type { Env } from "../../durable-objects/cloudflare/env.ts";
import product, * as objects from "../../src/worker.ts";
import { count, counted, countedObject, countTimersAndPosts } from "./count.ts";

/** The edge as it is deployed, on a platform that counts. `GET /units` tells the counts so far. */
countTimersAndPosts();

export default {
  fetch(request, env) {
    if (new URL(request.url, "http://edge").pathname === "/units") return Response.json(Object.fromEntries(counted));
    count({ workerRequests: 1 }, "worker.fetch");
    return product.fetch(request, env);
  },
} satisfies ExportedHandler<Env>;

export const HandleIndexObject = countedObject(objects.HandleIndexObject, "handles");
export const ConferenceObject = countedObject(objects.ConferenceObject, "conference");
export const IdAllocatorObject = countedObject(objects.IdAllocatorObject, "ids");
export const MailboxObject = countedObject(objects.MailboxObject, "mailbox");
export const RelayObject = countedObject(objects.RelayObject, "relay");
export const SessionsObject = countedObject(objects.SessionsObject, "sessions");
export const DirectoryObject = countedObject(objects.DirectoryObject, "directory");
