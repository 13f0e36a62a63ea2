import { type Env, objectsOf } from "../../durable-objects/cloudflare/env.ts";
import { objectClass } from "../../durable-objects/cloudflare/object-class.ts";
import { answerProbe, probe } from "./probe.ts";

export class SessionsObject extends objectClass("sessions", probe) {}

export default {
  fetch: (request, env) => answerProbe(request, objectsOf(env)),
} satisfies ExportedHandler<Env>;
