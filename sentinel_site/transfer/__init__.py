"""Taking configuration out as files, and in: the same forms and rules as REST, all of a file or nothing."""
