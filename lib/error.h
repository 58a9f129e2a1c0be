/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The well-known error names of D-Bus, and what an errno is called there.
 */
#ifndef KB_ERROR_H
#define KB_ERROR_H

#define KB_ERROR_PREFIX		"org.freedesktop.DBus.Error."

#define KB_ERROR_ACCESS_DENIED		KB_ERROR_PREFIX "AccessDenied"
#define KB_ERROR_ADT_AUDIT_DATA_UNKNOWN	KB_ERROR_PREFIX "AdtAuditDataUnknown"
#define KB_ERROR_DISCONNECTED		KB_ERROR_PREFIX "Disconnected"
#define KB_ERROR_FAILED			KB_ERROR_PREFIX "Failed"
#define KB_ERROR_FILE_NOT_FOUND		KB_ERROR_PREFIX "FileNotFound"
#define KB_ERROR_INCONSISTENT_MESSAGE	KB_ERROR_PREFIX "InconsistentMessage"
#define KB_ERROR_INVALID_ARGS		KB_ERROR_PREFIX "InvalidArgs"
#define KB_ERROR_LIMITS_EXCEEDED	KB_ERROR_PREFIX "LimitsExceeded"
#define KB_ERROR_MATCH_RULE_INVALID	KB_ERROR_PREFIX "MatchRuleInvalid"
#define KB_ERROR_MATCH_RULE_NOT_FOUND	KB_ERROR_PREFIX "MatchRuleNotFound"
#define KB_ERROR_NAME_HAS_NO_OWNER	KB_ERROR_PREFIX "NameHasNoOwner"
#define KB_ERROR_NO_MEMORY		KB_ERROR_PREFIX "NoMemory"
#define KB_ERROR_NO_REPLY		KB_ERROR_PREFIX "NoReply"
#define KB_ERROR_NOT_SUPPORTED		KB_ERROR_PREFIX "NotSupported"
#define KB_ERROR_PROPERTY_READ_ONLY	KB_ERROR_PREFIX "PropertyReadOnly"
#define KB_ERROR_SELINUX_CONTEXT_UNKNOWN \
	KB_ERROR_PREFIX "SELinuxSecurityContextUnknown"
#define KB_ERROR_SERVICE_UNKNOWN	KB_ERROR_PREFIX "ServiceUnknown"
#define KB_ERROR_SPAWN_CHILD_EXITED	KB_ERROR_PREFIX "Spawn.ChildExited"
#define KB_ERROR_SPAWN_FAILED		KB_ERROR_PREFIX "Spawn.Failed"
#define KB_ERROR_TIMED_OUT		KB_ERROR_PREFIX "TimedOut"
#define KB_ERROR_UNIX_PROCESS_ID_UNKNOWN \
	KB_ERROR_PREFIX "UnixProcessIdUnknown"
#define KB_ERROR_UNKNOWN_INTERFACE	KB_ERROR_PREFIX "UnknownInterface"
#define KB_ERROR_UNKNOWN_METHOD		KB_ERROR_PREFIX "UnknownMethod"
#define KB_ERROR_UNKNOWN_OBJECT		KB_ERROR_PREFIX "UnknownObject"
#define KB_ERROR_UNKNOWN_PROPERTY	KB_ERROR_PREFIX "UnknownProperty"

/**
 * kb_error_from_errno() - the error name for a failed command
 * @r:		errno, of either sign
 *
 * ENOMEM is NoMemory; EPERM and EACCES AccessDenied; ENOBUFS, E2BIG, EMFILE,
 * EMLINK, EXFULL, EMSGSIZE LimitsExceeded; EINVAL InvalidArgs; EOPNOTSUPP and
 * ECOMM NotSupported; ESRCH and ENXIO ServiceUnknown; EADDRNOTAVAIL
 * NameHasNoOwner; ETIMEDOUT, EPIPE and EREMOTEIO NoReply; everything else
 * Failed.
 *
 * Return: a static string, never NULL.
 */
const char *kb_error_from_errno(int r);

#endif /* KB_ERROR_H */
