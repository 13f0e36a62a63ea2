import { digits, group, operation, whole } from "../fields.ts";
import { trackingFields } from "./common.ts";

/** Support sessions. Fields and limits as in the public schema, in its order. */
export const supportOperations = {
  createSupportSession: operation({
    name: "createSupportSession",
    service: "support",
    binding: "supportsession.CreateSupportSession",
    source: "schema",
    kind: "create",
    request: { metaData: group({ sessionType: whole }), tracking: group(trackingFields) },
    response: { sessionKey: digits },
  }),
} as const;
