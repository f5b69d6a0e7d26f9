//! The store as its users see it: what was acknowledged is there again, whatever happened in between.

mod damage;
mod disk_full;
mod events;
mod kill;
mod retention;
mod rows;
mod states;
mod support;
mod writer;
