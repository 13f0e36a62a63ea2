import { objectClass } from "./object-class.ts";

export class ConferenceObject extends objectClass("conference") {}
export class DirectoryObject extends objectClass("directory") {}
export class HandleIndexObject extends objectClass("handles") {}
export class IdAllocatorObject extends objectClass("idAllocator") {}
export class MailboxObject extends objectClass("mailbox") {}
export class RelayObject extends objectClass("relay") {}
export class SessionsObject extends objectClass("sessions") {}
