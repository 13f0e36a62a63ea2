import { secretIn } from "../../src/settings/values.ts";
import { joined, objectClass } from "../platform/object-class.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Directory } from "./directory.ts";

export const DirectoryObject = objectClass("directory", WatchedObject, (place, object) => {
  const directory = new Directory({
    ...place,
    conferencesOf: (domain, ...page) => place.idAllocator(domain).conferencesOf(...page),
    changed: () => object.changed(),
    secret: (name) => secretIn(object.env, "webhooks", name),
  });
  const { list, recordStore, promptStore, knownTrouble } = directory;
  return joined(directory, list, recordStore, promptStore, knownTrouble);
});
