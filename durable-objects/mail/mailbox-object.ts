import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { Mailbox } from "./mailbox.ts";

/** A mailbox on the platform. */
export const MailboxObject = objectClass("mailbox", DurableObject, (place) => new Mailbox(place));
