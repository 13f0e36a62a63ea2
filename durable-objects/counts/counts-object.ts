import { DurableObject } from "cloudflare:workers";
import { objectClass } from "../platform/object-class.ts";
import { DeploymentCounts } from "./deployment-counts.ts";

/** What all processes counted, on the platform. There is one. */
export const CountsObject = objectClass("counts", DurableObject, (place) => new DeploymentCounts(place));
