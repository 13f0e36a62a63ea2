export { type FilledSequence, filledSequences, type Meeting, meetingOf, withoutCode } from "../client/meeting-view.ts";
export {
  type AccessCode,
  aboutUser,
  type Difference,
  distinct,
  type Expected,
  isExpected,
  type SiteNumber,
  sharedCodeDifference,
  siteDifferences,
  siteNumbers,
  siteReads,
  userFindings,
  userReads,
} from "../client/provisioning.ts";
export { link } from "../client/url-api/request.ts";
export { type Site, siteOf } from "../client/url-api/site.ts";
export { type PostFetch, XmlApi } from "../client/xml-api/client.ts";
export { isOfAccepted, noRecordId, type Refused, sayFault, type XmlApiFault } from "../client/xml-api/faults.ts";
export type { Response } from "../client/xml-api/operations.ts";
export type { SecurityContext } from "../client/xml-api/request.ts";
export { getSessionInfo } from "../client/xml-api/session-info.ts";
