import { joined, objectClass } from "../platform/object-class.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Conference } from "./conference.ts";

export const ConferenceObject = objectClass("conference", WatchedObject, (place, object) => {
  const conference = new Conference({
    ...place,
    share: (answers) => place.mailbox(answers.domain).share(answers),
    changed: () => object.changed(),
  });
  return joined(conference, conference.actions, conference.reader);
});
