//! The HTTP face against a real Postgres, over real sockets: a database and a server for each test.
//! `./test` starts a cluster and names it in `DRAWBRIDGE_TEST_DATABASE_URL`.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod binaries;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod conditional;
#[cfg(test)]
mod creates;
#[cfg(test)]
mod door;
#[cfg(test)]
mod expunge;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod lineage;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod persons;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod site;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod trail;
