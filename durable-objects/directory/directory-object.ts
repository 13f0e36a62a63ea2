import { webhookSecretOf } from "../../src/settings/load.ts";
import { joined } from "../platform/joined.ts";
import { objectClass } from "../platform/object-class.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Directory } from "./directory.ts";

/** The directory of one domain, on the platform. */
export const DirectoryObject = objectClass("directory", WatchedObject, (place, object) => {
  const directory = new Directory({
    ...place,
    conferencesOf: (domain, ...page) => place.idAllocator(domain).conferencesOf(...page),
    changed: () => object.changed(),
    secret: (name) => webhookSecretOf(object.env, name),
  });
  return joined(directory, directory.recordStore, directory.feedRequests);
});
