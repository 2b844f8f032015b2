"""Bills in the database: statements kept, attempts charged by them, differences judged, and what people say."""
