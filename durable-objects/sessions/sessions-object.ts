import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { Sessions } from "./sessions.ts";

export const SessionsObject = objectClass("sessions", DurableObject, (place) => new Sessions(place));
