//! Sessions and revocations of tower-bearer on a server.

#![cfg_attr(docsrs, feature(doc_cfg))]
