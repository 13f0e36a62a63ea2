import { dayMs } from "../../src/foundation/time/timers.ts";
import type { Answering, ObjectName, ObjectRpcs } from "../../src/rpc/objects.ts";
import { Conference } from "../conference/conference.ts";
import { Directory } from "../directory/directory.ts";
import { DomainIds } from "../ids/domain-ids.ts";
import { HandleIndex } from "../ids/handle-index.ts";
import { IdAllocator } from "../ids/id-allocator.ts";
import { Mailbox } from "../mail/mailbox.ts";
import { AgentConnections } from "../relay/agent-connections.ts";
import { KeptSockets } from "../relay/agent-sockets.ts";
import { Relay } from "../relay/relay.ts";
import { Sessions } from "../sessions/sessions.ts";
import { joined } from "./joined.ts";
import type { ObjectPlace } from "./object-place.ts";
import type { ObjectEvents } from "./object-sockets.ts";

/** The whole of an object: the methods of its kind, and what happens to it beside them. */
export type Whole<Name extends ObjectName = ObjectName> = Answering<ObjectRpcs[Name]> & ObjectEvents;

/** How each kind of object is made in its place. It is made with the first thing that happens to it in a life, and reads what is on disk. */
export const objectKinds: {
  readonly [Name in ObjectName]: (place: ObjectPlace) => Whole<Name>;
} = {
  conference: (place) => {
    const conference = new Conference({
      ...place,
      share: (answers) => place.mailbox(answers.domain).share(answers),
    });
    return joined(conference, conference.actions, conference.reader);
  },
  directory: (place) => {
    const directory = new Directory({
      ...place,
      conferencesOf: (domain, ...page) => place.idAllocator(domain).conferencesOf(...page),
      secret: (name) => place.secret(name),
    });
    const { list, recordStore, promptStore, alertStore } = directory;
    return joined(directory, list, recordStore, promptStore, alertStore);
  },
  handles: (place) =>
    new HandleIndex({
      ...place,
      retentionMs: (name) => {
        const domain = place.domain(name);
        return domain && domain.settings.journalRetentionDays * dayMs;
      },
      hasHandle(domain, { confKey, extConfId }, claimedBy) {
        const conference = place.conference(domain, confKey);
        return conference.hasHandle(extConfId, claimedBy).catch((error: unknown) => {
          throw new Error(conference.id ? `conference object ${conference.id}: ${error}` : String(error));
        });
      },
    }),
  idAllocator: (place) => new DomainIds(place, new IdAllocator(place.sql, place.restoredAt)),
  mailbox: (place) => new Mailbox(place),
  relay: (place) => {
    const sockets = new KeptSockets(place.sockets);
    const relay = new Relay({
      ...place,
      sockets,
      settings: (domain) => place.domain(domain)?.settings,
      sweep: (domain) => place.idAllocator(domain).sweep(),
      keepPromptCalls: (domain, said) => place.directory(domain).keepPromptCalls(domain, said),
    });
    return joined(new AgentConnections(relay, sockets), relay);
  },
  sessions: (place) => new Sessions(place),
};
