import { joined } from "../platform/joined.ts";
import { objectClass } from "../platform/object-class.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Conference } from "./conference.ts";

/** A conference on the platform. */
export const ConferenceObject = objectClass("conference", WatchedObject, (place, object) => {
  const conference = new Conference({
    ...place,
    share: (answers) => place.mailbox(answers.domain).share(answers),
    changed: () => object.changed(),
  });
  return joined(conference, conference.reader);
});
