select
  records.id,
  records.conversation_id,
  records.part_type,
  records.body,
  records.author_id,
  records.author_type,
  records.assigned_to_id,
  records.assigned_to_type,
  records.created_at,
  records.updated_at,
  parent.updated_at as conversation_updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'conversation_parts_flat') }} as records
join {{ source('intercom_lake', 'conversations_flat') }} as parent on parent.id = records.conversation_id
