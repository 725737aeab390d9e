//! A client among honest servers, forging servers and whoever sits between. Attackers here have their own keys and the
//! same code; nothing is left out for them.

mod activation;
mod admissions;
mod authority;
mod budget;
mod chain_crash;
mod chain_disk;
mod chain_log;
mod configured;
mod copies;
mod fingerprint;
mod forged;
mod guard;
mod heartbeat;
mod heartbeats;
mod honest;
mod http;
mod listener;
mod offline;
mod proxy;
mod recorded;
mod release;
mod replaced;
mod replay;
mod rotation;
mod seconds;
mod sensors;
mod site;
mod soak;
mod state;
mod tampered;
mod trial;
mod unwritable;
mod versions;
