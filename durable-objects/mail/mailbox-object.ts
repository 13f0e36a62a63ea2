import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { Mailbox } from "./mailbox.ts";

export const MailboxObject = objectClass("mailbox", DurableObject, (place) => new Mailbox(place));
